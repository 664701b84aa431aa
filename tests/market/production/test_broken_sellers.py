"""Every fault of a seller's server has a named reason, loses nothing and does not slow down other sellers."""

from __future__ import annotations

import pytest

from tests.factories import (
    make_address,
    make_buyer,
    make_offer,
    make_order,
    make_product,
    make_seller,
    make_subscription,
)
from tests.market.working import working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Address, Attempt, Call

from .broken_sellers import SCRIPTS, honest_response, responding, serving


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_broken_response_is_named_and_the_honest_seller_keeps_its_pace() -> None:
    """saas-v2 §4: success is HTTP 200, JSON, and resultCode; everything else is retried by plan (§3.10)."""
    now = clock.now()
    paths = {f"/{i}": script for i, (script, _) in enumerate(SCRIPTS.values())}
    with serving({**paths, "/honest": responding(honest_response)}) as server:
        buyer = make_buyer(balance="100000", now=now)
        orders: dict[str, Order] = {}
        other_seller = make_seller(now=now)
        earlier = make_order(buyer, offer=make_offer(make_product(other_seller, now=now)), paid=True, now=now)
        make_subscription(earlier, instance_id="taken-instance", now=now)
        for path, name in zip(paths, SCRIPTS, strict=True):
            seller = other_seller if name.startswith("another order") else make_seller(now=now)
            address = make_address(seller, url=server.url + path, now=now)
            orders[name] = make_order(
                buyer, offer=make_offer(make_product(seller, address=address, now=now)), paid=True, now=now
            )
        honest = make_product(make_seller(now=now), now=now)
        Address.objects.filter(bindings__product=honest).update(url=server.url + "/honest")
        good = [make_order(buyer, offer=make_offer(honest), paid=True, now=now) for _ in range(20)]

        with working(timeout=4.0):
            numbers = [o.number for o in good]
            until(
                lambda: Order.objects.filter(number__in=numbers, status="completed").count() == len(good),
                what="honest orders",
            )
            until(
                lambda: (
                    Attempt.objects.filter(call__order_number__in=[o.number for o in orders.values()]).count()
                    >= len(orders)
                ),
                what="every broken seller was tried",
            )

        for name, (_, verdict) in SCRIPTS.items():
            attempt = Attempt.objects.select_related("call").get(call__order_number=orders[name].number)
            assert (name, attempt.verdict) == (name, verdict), attempt.detail
            assert attempt.detail or name == "sold out"
            assert attempt.call.state == State.WAITING
            assert attempt.call.due_at > now
            assert Order.objects.get(pk=orders[name].pk).status == Order.Status.PROCESSING
    assert ledger.verify().problems == ()


@pytest.mark.django_db(transaction=True)
def test_response_without_body_sign_is_accepted_if_the_address_allows_it() -> None:
    """saas-v2 §2.6: verified when present; behind a switch when absent."""
    now = clock.now()
    unsigned = responding(lambda r: honest_response(r).replace(b"Body-Sign:", b"X-Nothing:"))
    with serving({"/": unsigned}) as server:
        seller = make_seller(now=now)
        address = make_address(seller, url=server.url + "/", require_body_sign=False, now=now)
        order = make_order(
            make_buyer(now=now), offer=make_offer(make_product(seller, address=address, now=now)), paid=True, now=now
        )
        with working():
            until(lambda: Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED, what="the order completes")


@pytest.mark.django_db(transaction=True)
def test_response_about_another_instance_is_never_shown_to_the_buyer() -> None:
    now = clock.now()

    def crossed(request: dict[str, str]) -> bytes:
        return honest_response(
            {**request, "instanceId": "somebody-elses"} if request["activity"] == "queryInstance" else request
        )

    with serving({"/": responding(crossed)}) as server:
        seller = make_seller(now=now)
        address = make_address(seller, url=server.url + "/", now=now)
        order = make_order(
            make_buyer(now=now), offer=make_offer(make_product(seller, address=address, now=now)), paid=True, now=now
        )
        with working():
            until(
                lambda: Call.objects.filter(order_number=order.number, last_verdict="other_instance").exists(),
                what="refused",
            )
        assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
        subscription = order.lines.get().subscription
        assert subscription is not None
        assert not subscription.sealed_access
