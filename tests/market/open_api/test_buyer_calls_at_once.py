"""The same call of a buyer's program twice at the same moment: it acts once, and both get the same answer (decision 0088)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.market.at_once import at_once
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import make_program, offer_on_sale
from tradepost.market.base.money import Money
from tradepost.market.identity import agreements
from tradepost.market.identity.company_models import Agreement
from tradepost.market.open_api.models import KeptAnswer
from tradepost.market.orders.models import Order
from tradepost.market.payments.queries import balance

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_call_twice_acts_once(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]
    program, product = make_program(), offer_on_sale().product_id
    Agreement.objects.get_or_create(
        kind="buyer", number=1, defaults={"text": "t", "text_en": "t", "published_at": program.buyer.joined_at}
    )
    version = max(one.number for one in agreements.versions("buyer"))
    of_seller = max(one.number for one in agreements.versions("publish"))
    agreed = [
        {"agreement_id": "buyer", "version": str(version)},
        {"agreement_id": "service", "version": str(of_seller)},
    ]
    told: list[tuple[int, dict[str, Any]]] = []

    def both(path: str, **given: Any) -> dict[str, Any]:
        told.clear()

        def act() -> None:
            told.append(program.call(path, **given))

        assert at_once([act, act]) == ["done", "done"]
        assert told[0] == told[1]
        assert told[0][0] == 200, told
        result: dict[str, Any] = told[0][1]["result"]
        return result

    order = both("order/batch-order", idempotency_key="c", product_id=product, accepted_agreements=agreed)
    assert Order.objects.count() == 1
    both("order/pay", idempotency_key="p", order_id=order["order_id"])
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    assert KeptAnswer.objects.count() == 2
