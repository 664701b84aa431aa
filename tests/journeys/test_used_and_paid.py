"""Usage is pushed, collected, charged, owed, causes a freeze, is paid, and the service is usable again: pages, engine,
kit, sockets, clock.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.metering import on_demand
from tests.journeys.buying import wait_until_delivered
from tests.journeys.on_demand import KEY, OnDemand
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.client import MarketClient
from tradepost.kit.serve import running
from tradepost.kit.usage import UsageOutbox
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.billing import queries
from tradepost.market.billing.models import Charge
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


@pytest.mark.slow
def test_usage_causes_arrears_and_payment_unfreezes(tmp_path: Path, live_server: Any) -> None:
    """Issue 13; openapi-jointkit §C.5, business-rules §4.4 (V0: frozen at once): the flow of a real market with an
    hourly price."""
    now = clock.now()
    buyer = make_buyer(balance="5", now=now)
    seller = make_seller(signing_key=KEY, now=now)
    kit = OnDemand(store=tmp_path / "kit.db", key=KEY, protocols=("saas_v2",))
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    with running(kit) as url, working():
        address = make_address(seller, url=f"{url}/produce", protocol="saas_v2", now=now)
        product = make_product(
            seller, address=address, prices=(on_demand(amount=Decimal(1)),), now=now
        )  # fmt: skip
        answer = page.post(
            f"/checkout/{product.pk}/",
            {"quantity": "1", "agreed": "on", "plan": "ON_DEMAND-", "total": "0/1.00000000/0"},
        )
        held = wait_until_delivered(Order.objects.get(number=answer["Location"].split("/")[2]))
        client = MarketClient(live_server.url, "ak", "sk", base_key=KEY, timeout=60)
        outbox = UsageOutbox(tmp_path / "usage.db", client.push_usage)

        def use(value: str) -> None:
            """Use in the next hour, push it, and wait for the next collection."""
            begins = clock.now().replace(microsecond=0) + timedelta(seconds=1)
            advance(HOUR, within=60)
            outbox.add(
                held.instance_id, begins_at=begins, ends_at=begins + HOUR / 2, value=Decimal(value), now=clock.now()
            )
            assert outbox.push(now=clock.now()).accepted == 1
            before = Charge.objects.count()
            advance(HOUR, within=60)
            until(lambda: Charge.objects.count() == before + 1, what="it is charged")

        def is_(status: str) -> None:
            until(lambda: Subscription.objects.get(pk=held.pk).status == status, what=f"it is {status}")

        use("3.5")
        assert (Charge.objects.get().minor, balance(buyer, "CNY").minor) == (350, 150)
        assert Subscription.objects.get(pk=held.pk).status == "active"

        use("4")
        is_("frozen")
        assert (balance(buyer, "CNY").minor, Freeze.objects.get().reason) == (0, "arrears")
        shown = page.get("/charges/").content.decode()
        assert "You owe ¥\xa02.50 for usage." in shown
        assert "It was frozen because usage was not paid" in page.get(f"/services/{held.pk}/").content.decode()

        ledger.top_up(buyer, Money.of(10, "CNY"), reference="BANK-pays", actor="op", now=clock.now())
        is_("active")
        assert balance(buyer, "CNY").minor == 750
        assert "is owed" not in page.get("/charges/").content.decode()
        until(lambda: Notice.objects.filter(user=buyer, kind="arrears_cleared").exists(), what="Payment recorded")
        assert Notice.objects.filter(user=buyer, kind="arrears_began").count() == 1
    assert ledger.verify().problems == ()
    assert queries.problems() == []
    assert ledger.seller_account(seller, "CNY").balance.minor == 750
