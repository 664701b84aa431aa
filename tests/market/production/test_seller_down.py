"""A seller that is down: words and the next try, Restart, and after the plan a refund and the release of the orphan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.ledger import buyer_account
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.production.restart import restart
from tradepost.market.subscriptions.models import Subscription

from .broken_sellers import Script, honest_response, responding, serving, silent


def order_at(url: str, *, balance: str = "1000") -> Order:
    now = clock.now()
    seller = make_seller(now=now)
    product = make_product(seller, address=make_address(seller, url=url, now=now), now=now)
    return make_order(make_buyer(balance=balance, now=now), offer=make_offer(product), paid=True, now=now)


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_restart_completes_the_order_once_the_seller_is_up() -> None:
    """saas-v2 §7: while the plan runs, Restart is one more attempt, at once."""
    scripts = {"/": responding(lambda r: b"")}
    with serving(scripts) as server, working():
        order = order_at(server.url + "/")
        until(
            lambda: Call.objects.filter(order_number=order.number, last_verdict="closed").exists(),
            what="the first try fails",
        )
        call = Call.objects.get(order_number=order.number)
        assert timedelta(minutes=59) < call.due_at - clock.now() < timedelta(minutes=64), (
            "hourly (saas-v2 §3.10), with jitter"
        )
        scripts["/"] = responding(honest_response)
        restart(call, actor="seller@example.com", now=clock.now())
        until(lambda: status(order) == Order.Status.COMPLETED, what="the order completes")
        first, second = Attempt.objects.filter(call=call).order_by("number")
        assert (first.verdict, first.trigger) == ("closed", "plan")
        assert (second.verdict, second.trigger) == ("done", "restart")
        assert first.business_id != second.business_id, "businessId is different on every call (saas-v2 §3.1)"
        assert [r["orderId"] for r in server.asked("newInstance")] == [order.number] * 2
        with pytest.raises(Refused, match=r"call\.done"):
            restart(call, actor="seller@example.com", now=clock.now())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_end_of_the_plan_refunds_the_order_and_releases_an_unknown_creation() -> None:
    """saas-v2 §3.10: newInstance 3 h, hourly; then the order fails and is refunded in full."""
    with serving({"/": silent}) as server, working(timeout=0.3):
        order = order_at(server.url + "/", balance="1000")
        until(lambda: Attempt.objects.filter(call__order_number=order.number).exists(), what="the first try")
        assert buyer_account(order.buyer, "CNY").balance.minor == 100_000 - order.total_minor
        advance(timedelta(hours=3, minutes=1))
        until(lambda: status(order) == Order.Status.REFUNDED, what="the refund")
        tries = list(Attempt.objects.filter(call__order_number=order.number, call__kind="Create").order_by("number"))
        assert [t.verdict for t in tries] == ["timeout"] * 4, "at 0, 1, 2 and 3 hours"
        assert tries[-1].started_at - tries[0].started_at == timedelta(hours=3) or (
            timedelta(hours=3) <= tries[-1].started_at - tries[0].started_at < timedelta(hours=3, seconds=5)
        )
        assert buyer_account(order.buyer, "CNY").balance.minor == 100_000
        assert ledger.verify().problems == ()
        assert Subscription.objects.get(order_line_number__startswith=order.number).status == "failed"
        until(lambda: bool(server.asked("releaseInstance")), what="the release of the orphan")
        release = server.asked("releaseInstance")[0]
        assert release["instanceId"] == server.asked("newInstance")[0]["businessId"], "what §3.1 recommends as the id"
        assert (release["orderId"], release["orderLineId"]) == (order.number, f"{order.number}-000001")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_release_is_sent_if_nothing_can_have_been_created() -> None:
    with serving({}) as server:
        closed = server.url
    with working():
        order = order_at(closed + "/")
        until(
            lambda: Call.objects.filter(order_number=order.number, last_verdict="connect").exists(),
            what="the first try",
        )
        advance(timedelta(hours=4))
        until(lambda: status(order) == Order.Status.REFUNDED, what="the refund")
        assert not Call.objects.filter(order_number=order.number, kind="Release").exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_instance_without_access_data_is_released_by_its_id_at_the_end_of_the_plan() -> None:
    """saas-v2 §3.1: polled until the information comes back, bounded by the 3 h of the creation."""

    def pending(request: dict[str, str]) -> bytes:
        from .broken_sellers import http

        if request["activity"] == "newInstance":
            return http(b'{"resultCode":"000004","resultMsg":"working","instanceId":"slow-1"}')
        return http(b'{"resultCode":"000004","resultMsg":"still working"}')

    with serving({"/": responding(pending)}) as server, working():
        order = order_at(server.url + "/")
        until(lambda: len(server.asked("queryInstance")) >= 3, what="polls")
        advance(timedelta(hours=3, minutes=1), within=60)
        until(lambda: status(order) == Order.Status.REFUNDED, what="the refund")
        until(lambda: bool(server.asked("releaseInstance")), what="the release")
        assert server.asked("releaseInstance")[0]["instanceId"] == "slow-1"
        assert len(server.asked("newInstance")) == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_breaker_holds_calls_to_a_dead_address_and_releases_them_when_it_responds() -> None:
    scripts: dict[str, Script] = {"/": silent}
    with serving(scripts) as server, working(timeout=2, failures=2):
        first = order_at(server.url + "/")
        product = first.lines.get().product
        buyer = make_buyer(balance="100000", now=clock.now())
        more = [make_order(buyer, offer=make_offer(product), paid=True, now=clock.now()) for _ in range(6)]
        address = Address.objects.get(bindings__product=product)
        until(lambda: Address.objects.get(pk=address.pk).breaker == Address.Breaker.OPEN, what="the breaker opens")
        late = make_order(buyer, offer=make_offer(product), paid=True, now=clock.now())
        until(
            lambda: Call.objects.filter(order_number=late.number, state=State.HELD, hold="breaker").exists(),
            what="held",
        )
        call = Call.objects.get(order_number=late.number)
        assert call.attempts == 0
        assert call.due_at == Address.objects.get(pk=address.pk).trial_at, "the next try is the trial"
        scripts["/"] = responding(honest_response)
        advance(timedelta(hours=1, minutes=5), within=60)
        numbers = [first.number, late.number, *(o.number for o in more)]
        until(
            lambda: Order.objects.filter(number__in=numbers, status="completed").count() == len(numbers),
            what="all complete",
        )
        assert Attempt.objects.filter(trigger="trial", verdict="done").exists()
