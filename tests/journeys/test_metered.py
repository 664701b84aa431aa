"""Usage on demand and by package, from opening to the end of the package: pages, engine, kit, sockets, clock."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, override

import pytest
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.products import ON_DEMAND, PACKAGE
from tests.journeys.buying import order, wait_until_delivered
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit import (
    AppInfo,
    Create,
    Created,
    Instance,
    InstanceInfo,
    Query,
    Release,
    Seller,
    SetStatus,
    UsageInfo,
)
from tradepost.kit.client import MarketClient
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.debugging.asked import form_of, initial_values
from tradepost.market.debugging.debug import debug
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity import keys
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]

KEY = "the signing key of a metered journey"
FORMS = {
    "ON_DEMAND": {"plan": "ON_DEMAND-", "total": "0/0.00250000/0"},
    "ON_DEMAND_PKG": {
        "plan": "ON_DEMAND_PKG-month-10000",
        "periods": "3",
        "total": "6000/0.00000000/30000",
    },
}


class Metering(Seller):
    """Count usage as saas-v2 §3.2 requires, and record the calls."""

    def __init__(self, store: Path, protocol: str) -> None:
        super().__init__(store=store, key=KEY, protocols=(protocol,))
        self.created: list[Create] = []
        self.states: list[tuple[str, str]] = []
        self.released: list[str] = []

    @override
    def on_create(self, command: Create) -> Created:
        self.created.append(command)
        return Created(instance_id=f"i-{command.order_id}", app=self._app())

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        first = self.created[0]
        package = instance.order_id != first.order_id
        used = UsageInfo(
            value=Decimal("12.5"),
            at=clock.wall(),
            related_instance_id=f"i-{first.order_id}" if package else "",
        )
        return InstanceInfo(instance_id=instance.instance_id, app=self._app(), usage=(used,))

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.states.append((instance.order_id, str(command.status)))

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self.released.append(instance.order_id)

    def _app(self) -> AppInfo:
        return AppInfo(front_end_url="https://api.example/", user_name="lantian", password="Open-Sesame-7")


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def press_button(seller: Client, held: Subscription, what: str) -> Call:
    """Press a button of the try-out page and wait for the end of the operation."""
    before = Call.objects.filter(subscription=held).count()
    assert seller.post(f"/seller/try/{held.pk}/", {"act": what}).status_code == 302
    assert Call.objects.filter(subscription=held).count() == before + 1
    call = Call.objects.filter(subscription=held).latest("pk")
    until(lambda: Call.objects.get(pk=call.pk).outcome == Call.Outcome.DONE, what=f"{what} is done")
    # The next button needs a free lane: its call is made after this operation ended, which is published after its call.
    until(lambda: not Operation.objects.filter(subscription=held, status="running").exists(), what=f"{what} has ended")
    return call


def _prove_status(address: Address, held: Subscription) -> None:
    """SaaS 2.0 does not require the status call on demand: it is made if a case was saved (business-rules §17.4)."""
    form = form_of(address, "updateInstanceStatus")
    values = {**initial_values(form, now=clock.now()), "instanceId": held.instance_id}
    debug(form, values, by="owner", now=clock.now(), most=4)
    until(lambda: Address.objects.get(pk=address.pk).proven == ["updateInstanceStatus"], what="its case is saved")


def wait_for_status(held: Subscription, status: str) -> None:
    until(lambda: Subscription.objects.get(pk=held.pk).status == status, what=f"it is {status}")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1"])
def test_service_is_opened_on_demand_and_its_package_ends(protocol: str, tmp_path: Path, live_server: Any) -> None:
    """business-rules §3.2, §4.4; saas-v2 §1.4, saas-v1-license A2: new, query, status, release."""
    now = clock.now()
    owner, buyer = make_buyer(balance="0", now=now), make_buyer(balance="60", now=now)
    seller = make_seller(member=owner, signing_key=KEY, now=now)
    made = keys.create_access_key(seller, by=None, now=now)
    ask = MarketClient(live_server.url, made.key_id, made.secret)
    kit = Metering(tmp_path / "kit.db", protocol)
    page, center = browser(buyer), browser(owner)
    with running(kit) as url, working():
        address = make_address(seller, url=f"{url}/produce", protocol=protocol, now=now)
        product = make_product(seller, address=address, prices=(ON_DEMAND, PACKAGE), now=now)

        refused = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "agreed": "on", **FORMS["ON_DEMAND_PKG"]})
        assert refused.status_code == 422
        assert not Order.objects.exists()

        answer = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "agreed": "on", **FORMS["ON_DEMAND"]})
        opening = Order.objects.get(number=answer["Location"].split("/")[2])
        on_demand = wait_until_delivered(opening)
        assert (opening.total_minor, on_demand.expires_at) == (0, None)
        assert balance(buyer, "CNY").minor == 6000

        bought = order(page, product, **FORMS["ON_DEMAND_PKG"])
        package = wait_until_delivered(bought)
        assert balance(buyer, "CNY").minor == 0
        assert package.expires_at is not None

        _check_purchase_data(kit, ask, opening, bought, package)

        if protocol == "saas_v2":
            _prove_status(address, on_demand)
            kit.states.clear()
        for held in (on_demand, package):
            press_button(center, held, "query")
            shown = page.get(f"/services/{held.pk}/").content.decode()
            assert "12.5 calls" in shown
            press_button(center, held, "freeze")
            wait_for_status(held, "frozen")
            press_button(center, held, "unfreeze")
            wait_for_status(held, "active")
        both = [(o.number, state) for o in (opening, bought) for state in ("FREEZE", "UNFREEZE")]
        assert kit.states == both

        advance(package.expires_at - clock.now() + timedelta(days=1, minutes=1), within=60)
        wait_for_status(package, "frozen")
        advance(timedelta(days=1, minutes=1), within=60)
        wait_for_status(package, "released")
        assert kit.states[4:] == [(bought.number, "FREEZE")]
        assert kit.released == [bought.number]
        assert Subscription.objects.get(pk=on_demand.pk).status == "active"
        press_button(center, on_demand, "release")
        wait_for_status(on_demand, "released")
    assert ledger.verify().problems == ()
    assert ledger.seller_account(seller, "CNY").balance.minor == 6000


def _check_purchase_data(
    kit: Metering, ask: MarketClient, opening: Order, bought: Order, package: Subscription
) -> None:
    """openapi-jointkit §C.4: expireTime for packages, none for on demand; saas-v1-license A2.1: inline."""
    [first, second] = [ask.order(o.number).lines[0] for o in (opening, bought)]
    assert (first.charging_mode, first.period_type, first.expires_at, first.currency) == ("ON_DEMAND", "", None, "0")
    assert (second.charging_mode, second.period_type, second.period_number, second.currency) == (
        "ON_DEMAND_PKG", "month", 3, "60",
    )  # fmt: skip
    assert package.expires_at is not None
    assert second.expires_at == package.expires_at.replace(microsecond=0)
    assert [line.products[0].product_name.rsplit(",", 1)[1] for line in (first, second)] == ["按需", "按需套餐包"]
    assert ask.order(opening.number).buyer == ask.order(bought.number).buyer, (
        "by which a seller finds what the package is deducted from"
    )
    purchases = [command.purchase for command in kit.created]
    if any(purchases):
        assert [p and (str(p.charging_mode), p.expires_at is None, p.period_type) for p in purchases] == [
            ("ON_DEMAND", True, ""), ("ON_DEMAND_PKG", False, ""),
        ]  # fmt: skip
        assert "chargingMode=0" in Attempt.objects.earliest("pk").url


def test_opening_that_the_seller_never_completes_ends_without_money(tmp_path: Path) -> None:
    """saas-v2 §3.10: three hours, then full refund, which is nothing here."""
    now = clock.now()
    buyer = make_buyer(balance="5", now=now)
    seller = make_seller(signing_key=KEY, now=now)
    product = make_product(seller, address=make_address(seller, now=now), prices=(ON_DEMAND,), now=now)
    page = browser(buyer)
    with working():
        answer = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "agreed": "on", **FORMS["ON_DEMAND"]})
        number = answer["Location"].split("/")[2]
        until(lambda: Call.objects.filter(last_verdict="connect").exists(), what="nobody is there")
        advance(timedelta(hours=3, minutes=1), within=60)
        until(lambda: Order.objects.get(number=number).status == Order.Status.REFUNDED, what="it is given up")
    assert "Nothing was charged" in page.get(f"/orders/{number}/").content.decode()
    assert balance(buyer, "CNY").minor == 500
    assert ledger.verify().problems == ()
