"""A year of a service: bought, renewed by its buyer, forgotten, frozen, renewed in the last days: pages, engine, kit,
sockets.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import override

import pytest
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.products import MONTHLY
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.speaking import APP, LICENSE
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit import Create, Created, Refresh, Seller, SetStatus
from tradepost.kit.answers import Instance
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.registry import protocol as spoken

pytestmark = [pytest.mark.django_db(transaction=True)]
KEY = "the signing key of a renewed journey"
KIND = {"saas_v2": "SAAS", "saas_v1": "SAAS", "license_v1": "LICENSE", "license_online": "LICENSE"}


class Recorder(Seller):
    """Record the calls for its instances."""

    def __init__(self, store: Path, protocol: str) -> None:
        super().__init__(store=store, key=KEY, protocols=(protocol,))
        self.ends: list[str] = []
        self.orders: list[str] = []
        self.states: list[str] = []

    @override
    def on_create(self, command: Create) -> Created:
        return Created(app=APP, license=LICENSE)

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.ends.append(f"{command.expires_at:%Y%m%d%H%M%S}")
        self.orders.append(command.order_id)

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.states.append(str(command.status))


def renew(page: Client, held: Subscription) -> Order:
    """Renew with the first choice of the page, and pay."""
    address = f"/services/{held.pk}/renew/"
    choice = re.search(r'name="option"\s+id="option-1"\s+value="([^"]+)"', page.get(address).content.decode())
    assert choice is not None
    answer = page.post(address, {"option": choice[1], "agreed": "on"})
    number = answer["Location"].split("/")[2]
    page.post(f"/orders/{number}/pay/")
    until(
        lambda: Order.objects.get(number=number).status == Order.Status.COMPLETED,
        what="it is renewed",
    )
    return Order.objects.get(number=number)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", list(KIND))
def test_service_is_renewed_in_time_and_in_the_last_days(protocol: str, tmp_path: Path) -> None:
    """business-rules §4.4, §4.5; saas-v2 §3.3, §3.4; saas-v1-license A2.3, A2.4, B1, B3."""
    now = clock.now()
    seller = make_seller(now=now)
    keys.rotate_signing_key(seller, spoken(protocol).key_class, now=now, secret=KEY)
    kit = Recorder(tmp_path / "kit.db", protocol)
    page = Client(headers={"accept-language": "en"})
    page.force_login(make_buyer(balance="300", now=now, level="V5"))
    with running(kit) as url, working():
        address = make_address(seller, url=f"{url}/produce", protocol=protocol, now=now)
        product = make_product(seller, address=address, prices=(MONTHLY,), product_type=KIND[protocol], now=now)
        held = wait_until_delivered(order(page, product, plan="PERIOD-month", total="10000"))
        begun = held.started_at
        assert begun is not None
        first = renew(page, held)

        advance(period_end(begun, "month", 2) - clock.now() + timedelta(days=21, hours=20), within=60)
        until(lambda: Subscription.objects.get(pk=held.pk).status == "frozen", what="nobody renewed it again")
        second = renew(page, held)
        until(lambda: Subscription.objects.get(pk=held.pk).status == "active", what="it is thawed")
        advance(timedelta(days=1), within=60)

    held.refresh_from_db()
    assert (held.status, held.expires_at) == ("active", period_end(begun, "month", 3))
    assert kit.ends == [f"{period_end(begun, 'month', months):%Y%m%d%H%M%S}" for months in (2, 3)]
    assert kit.orders == [first.number, second.number]
    assert not Call.objects.filter(kind="Release").exists()
    assert ledger.verify().problems == ()
    assert ledger.seller_account(seller, "CNY").balance.minor == 30_000
