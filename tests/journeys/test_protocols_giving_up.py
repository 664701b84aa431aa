"""The end of each protocol's retry plan: a refund, or an order that waits for its seller; and slow creations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.factories import make_buyer, make_operator
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.speaking import LICENSE, Maker, OldSeller, old_seller, product_over, serving
from tests.kit.servers import free_port
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.ledger import buyer_account
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import access_data, license_of
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]

MONTH = {"plan": "PERIOD-month", "periods": "1", "total": "10000"}


@pytest.fixture
def buyer() -> User:
    return make_buyer(balance="1000", now=clock.now())


@pytest.fixture
def page(buyer: User) -> Client:
    return browser(buyer)


@pytest.fixture
def old() -> Iterator[OldSeller]:
    with old_seller() as seller:
        yield seller


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/produce"


def refunded(placed: Order) -> bool:
    return Order.objects.get(pk=placed.pk).status == Order.Status.REFUNDED


def balance(buyer: User) -> int:
    return buyer_account(buyer, "CNY").balance.minor


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "hours"), [("saas_v1", 3), ("license_online", 2)])
def test_undeliverable_order_is_refunded(page: Client, buyer: User, protocol: str, hours: int) -> None:
    """saas-v1-license A2.2, A6: newInstance 3 h; B3: 2 h; then the order fails and is refunded."""
    with working():
        placed = order(page, product_over(protocol, address(free_port())), **MONTH)
        until(lambda: Call.objects.filter(last_verdict="connect").exists(), what="the first try")
        advance(timedelta(hours=hours) - timedelta(minutes=1), within=60)
        assert not refunded(placed)
        assert balance(buyer) == 90_000
        advance(timedelta(minutes=2), within=60)
        until(lambda: refunded(placed), what="the refund")
    assert balance(buyer) == 100_000
    assert Operation.objects.get().status == Operation.Status.GAVE_UP
    assert Subscription.objects.get().status == Subscription.Status.FAILED
    assert not Call.objects.filter(kind="Release").exists(), "nobody was reached, so there is nothing to release"
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_undelivered_license_waits_for_its_seller_without_refund(page: Client, buyer: User, tmp_path: Path) -> None:
    """saas-v1-license B1: after 3 h calls stop, the order stays, no automatic refund; a restart by hand completes it."""
    member, operator = make_buyer(balance="0", now=clock.now()), make_operator(now=clock.now())
    seller, port = Maker(tmp_path / "kit.db", "license_v1"), free_port()
    with working():
        placed = order(page, product_over("license_v1", address(port), member=member), **MONTH)
        until(lambda: Call.objects.filter(last_verdict="connect").exists(), what="the first try")
        assert (
            "We notify you when your service is ready, and hold your payment until it is delivered."
            in page.get(f"/orders/{placed.number}/").content.decode()
        )
        advance(timedelta(hours=3, minutes=1), within=60)
        until(lambda: Operation.objects.get().status == Operation.Status.STOPPED, what="the opening stops")
        assert Attempt.objects.count() == 4, "at 0, 1, 2 and 3 hours"
        advance(timedelta(days=2), within=60)
        assert Order.objects.get(pk=placed.pk).status == Order.Status.PROCESSING
        assert Attempt.objects.count() == 4
        assert balance(buyer) == 90_000
        assert Subscription.objects.get().status == Subscription.Status.OPENING
        until(lambda: Notice.objects.filter(user=operator, kind="operator_call_stopped").exists(), what="operator told")
        assert Notice.objects.filter(user=member, kind="seller_call_stopped").count() == 1
        assert not Notice.objects.filter(user=buyer, kind="order_refunded").exists()
        assert "Your order waits for the seller" in page.get(f"/orders/{placed.number}/").content.decode()

        call = Call.objects.get()
        message = browser(member).get(f"/seller/messages/{call.pk}/").content.decode()
        assert f"/seller/messages/{call.pk}/restart/" in message
        browser(member).post(f"/seller/messages/{call.pk}/restart/")
        until(lambda: Attempt.objects.filter(trigger="restart").exists(), what="the restart finds nobody")
        until(lambda: Call.objects.get().outcome == Call.Outcome.GAVE_UP, what="one try only, the plan is over")
        with serving(seller, port):
            browser(member).post(f"/seller/messages/{call.pk}/restart/")
            held = wait_until_delivered(placed)
    assert license_of(held) == LICENSE
    assert Operation.objects.get().status == Operation.Status.DONE
    assert held.started_at is not None
    assert held.started_at - placed.placed_at > timedelta(days=2), "paid time begins with the delivery"
    assert balance(buyer) == 90_000
    assert ledger.verify().problems == ()


def test_saas_v1_call_is_repeated_until_it_returns_access_data(page: Client, old: OldSeller) -> None:
    """saas-v1-license A2.1: newInstance is called again and answers the same instance, with appInfo when there is one."""
    old.ready = False
    with working():
        placed = order(page, product_over("saas_v1", old.url), **MONTH)
        until(lambda: len(old.of("newInstance")) == 2, what="The request was sent to the cloud again at once")
        old.ready = True
        advance(timedelta(minutes=11))
        held = wait_until_delivered(placed)
    access = access_data(held)
    assert access is not None
    assert access.user_name == "lantian-admin"
    assert held.instance_id == f"of-{placed.number}"
    asked = old.of("newInstance")
    assert {query["orderId"] for query in asked} == {placed.number}
    assert len({query["businessId"] for query in asked}) == len(asked) == 3, "businessId differs on every call (A2.1)"
    assert old.of("queryInstance") == []


def test_saas_v1_with_access_data_by_message_is_called_once(page: Client, old: OldSeller) -> None:
    """saas-v1-license A2.2: appInfo may be left out when use information reaches the buyer another way."""
    old.ready = False
    with working():
        placed = order(page, product_over("saas_v1", old.url, access_by_message=True), **MONTH)
        held = wait_until_delivered(placed)
    assert len(old.asked) == 1
    assert access_data(held) is None
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert "If you have not received it by email or text message, contact the seller." in shown


@pytest.mark.slow
def test_saas_v1_without_access_data_is_refunded_and_released(page: Client, buyer: User, old: OldSeller) -> None:
    """saas-v1-license A2.5, A6: the release names the order of the purchase."""
    old.ready = False
    with working():
        placed = order(page, product_over("saas_v1", old.url), **MONTH)
        until(lambda: len(old.of("newInstance")) == 2, what="The request was sent to the cloud again")
        advance(timedelta(hours=3, minutes=1), within=60)
        until(lambda: refunded(placed), what="the refund")
        until(lambda: len(old.of("releaseInstance")) == 1, what="the release")
    [release] = old.of("releaseInstance")
    assert (release["instanceId"], release["orderId"]) == (f"of-{placed.number}", placed.number)
    assert balance(buyer) == 100_000


@pytest.mark.slow
def test_accepted_but_unfinished_creation_is_released(page: Client, buyer: User, tmp_path: Path) -> None:
    """saas-v1-license A3: 000004 says that the seller began, without an id; A2.2 recommends the first businessId as one."""
    seller, port = Maker(tmp_path / "kit.db", "saas_v1", slow=True), free_port()
    with serving(seller, port), working():
        placed = order(page, product_over("saas_v1", address(port)), **MONTH)
        until(lambda: Call.objects.filter(last_verdict="pending").exists(), what="the seller is working")
        advance(timedelta(hours=3, minutes=1), within=60)
        until(lambda: refunded(placed), what="the refund")
        until(lambda: len(seller.released) == 1, what="the release")
    assert seller.released[0].instance_id == seller.created[0].business_id
    assert balance(buyer) == 100_000


def test_license_online_is_delivered_only_after_the_seller_reports_success(page: Client, tmp_path: Path) -> None:
    """saas-v1-license B3: 000004 is asynchronous, and this version has no query: newInstance is asked every 2 minutes."""
    seller, port = Maker(tmp_path / "kit.db", "license_online", slow=True), free_port()
    with serving(seller, port), working():
        placed = order(page, product_over("license_online", address(port)), **MONTH)
        until(lambda: Call.objects.filter(last_verdict="pending").exists(), what="the seller is working")
        advance(timedelta(minutes=5))
        assert Order.objects.get(pk=placed.pk).status == Order.Status.PROCESSING
        assert seller.finish(seller.created[0].business_id)
        advance(timedelta(minutes=3))
        held = wait_until_delivered(placed)
    assert held.instance_id == seller.created[0].business_id
    assert list(Call.objects.values_list("kind", flat=True)) == ["Create"]
