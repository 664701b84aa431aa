"""Two identical concurrent calls of a buyer's program act once, and both get the same response (decision 0088)."""

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


def test_identical_concurrent_calls_act_once(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]
    program, product = make_program(), offer_on_sale().product_id
    Agreement.objects.get_or_create(
        kind="buyer", number=1, defaults={"text": "t", "text_en": "t", "published_at": program.buyer.joined_at}
    )
    version = max(agreement.number for agreement in agreements.versions("buyer"))
    service_version = max(agreement.number for agreement in agreements.versions("publish"))
    agreed = [
        {"agreement_id": "buyer", "version": str(version)},
        {"agreement_id": "service", "version": str(service_version)},
    ]
    responses: list[tuple[int, dict[str, Any]]] = []

    def call_twice(path: str, **arguments: Any) -> dict[str, Any]:
        responses.clear()

        def call() -> None:
            responses.append(program.call(path, **arguments))

        assert at_once([call, call]) == ["done", "done"]
        assert responses[0] == responses[1]
        assert responses[0][0] == 200, responses
        result: dict[str, Any] = responses[0][1]["result"]
        return result

    order = call_twice("order/batch-order", idempotency_key="c", product_id=product, accepted_agreements=agreed)
    assert Order.objects.count() == 1
    call_twice("order/pay", idempotency_key="p", order_id=order["order_id"])
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    assert KeptAnswer.objects.count() == 2
