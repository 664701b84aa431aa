"""A package is used up, the rest is owed, paid, and the service usable again; a package that stops the service does so
until the next is bought: pages, engine, kit, sockets, clock (issue 13).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.metering import on_demand, package
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
from tradepost.market.metering.models import Package, Quota
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


@pytest.mark.slow
def test_used_up_package_causes_arrears_or_stops_the_service(tmp_path: Path, live_server: Any) -> None:
    """business-rules §3.2, §4.4 (V0: frozen at once), §7.1; openapi-jointkit §C.5."""
    now = clock.now()
    buyer, seller = make_buyer(balance="22", now=now), make_seller(signing_key=KEY, now=now)
    kit = OnDemand(store=tmp_path / "kit.db", key=KEY, protocols=("saas_v2",))
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    with running(kit) as url, working():
        address = make_address(seller, url=f"{url}/produce", protocol="saas_v2", now=now)
        prices = (on_demand(amount=Decimal(1)), package(5), package(4, stops_when_used_up=True))
        product = make_product(seller, address=address, prices=prices, now=now)
        client = MarketClient(live_server.url, "ak", "sk", base_key=KEY, timeout=60)
        outbox = UsageOutbox(tmp_path / "usage.db", client.push_usage)

        def buy(**form: str) -> Subscription:
            answer = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "agreed": "on", **form})
            assert answer.status_code == 302, answer.content.decode()
            number = answer["Location"].split("/")[2]
            if Order.objects.get(number=number).total_minor:
                page.post(f"/orders/{number}/pay/")
            return wait_until_delivered(Order.objects.get(number=number))

        def buy_package(quota: int) -> Subscription:
            held = buy(plan=f"ON_DEMAND_PKG-month-{quota}", periods="1", total=f"2000/0.00000000/{quota}")
            until(lambda: Package.objects.filter(pk=held.pk).exists(), what="usage is deducted from it")
            return held

        def use(value: str, package_id: str = "") -> None:
            """Use in the next hour, push it, and wait for the next collection."""
            begins = clock.now().replace(microsecond=0) + timedelta(seconds=1)
            advance(HOUR, within=60)
            outbox.add(
                service.instance_id, begins_at=begins, ends_at=begins + HOUR / 2, value=Decimal(value), now=clock.now(),
                package_id=package_id,
            )  # fmt: skip
            assert outbox.push(now=clock.now()).accepted == 1
            before = Charge.objects.count()
            advance(HOUR, within=60)
            until(lambda: Charge.objects.count() == before + 1, what="it is charged")

        def is_(status: str) -> None:
            until(lambda: Subscription.objects.get(pk=service.pk).status == status, what=f"it is {status}")

        service = buy(plan="ON_DEMAND-", total="0/1.00000000/0")
        first = buy_package(5)
        use("8")
        is_("frozen")
        assert (Charge.objects.get().minor, balance(buyer, "CNY").minor) == (300, 0)
        assert Freeze.objects.get().reason == "arrears"
        assert "Used up." in page.get(f"/services/{first.pk}/package/").content.decode()
        until(
            lambda: Notice.objects.filter(user=buyer, kind="package_used_up").exists(), what="told that it is used up"
        )
        ledger.top_up(buyer, Money.of(41, "CNY"), reference="BANK-packages", actor="op", now=clock.now())
        is_("active")

        stopping = buy_package(4)
        use("6", package_id=stopping.instance_id)
        is_("frozen")
        assert Freeze.objects.get(lifted_at=None).reason == "used_up"
        assert balance(buyer, "CNY").minor == 2000
        shown = page.get(f"/services/{service.pk}/").content.decode()
        assert "The package is used up, so the service has stopped" in shown
        until(
            lambda: Notice.objects.filter(user=buyer, kind="service_used_up").exists(), what="told that it has stopped"
        )
        buy_package(4)
        is_("active")
    assert list(Quota.objects.order_by("pk").values_list("remaining", flat=True)) == [0, 0, 40_000]
    assert ledger.verify().problems == ()
    assert queries.problems() == []
    assert ledger.seller_account(seller, "CNY").balance.minor == 3 * 2000 + 300
