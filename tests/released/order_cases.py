"""Orders of any market and their deliveries, in every state that can persist."""

from __future__ import annotations

from datetime import timedelta

from tests.released.stage import ALL, SAAS, SOME, Case, Last, Play, Stage, Steps, back, each
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.restart import restart_call
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order

STARTED = [("saas_v2", "65"), ("saas_v1", "65"), ("license_v1", "65"), ("license_online", "7")]
"""How many minutes ago it started: creations are retried every two minutes, so there are a few attempts."""


# --- orders -----------------------------------------------------------------------------------------------------------


def unpaid(m: Stage) -> Steps[None]:
    yield back(hours=3)
    m.buy("saas_v2", pay=False)


def cancelled(m: Stage) -> Steps[None]:
    yield back(days=1)
    order = m.buy("saas_v2", "year", pay=False)
    yield back(hours=23)
    cancel_order(order, actor=order.buyer.email, now=m.now)


def timed_out(m: Stage) -> Steps[None]:
    yield back(days=3)
    m.buy("license_v1", "once", pay=False)


def cancelled_untold(m: Stage) -> Steps[None]:
    yield back(hours=1)
    order = m.buy("saas_v2", "year", pay=False)
    yield Last.UNTOLD
    cancel_order(order, actor=order.buyer.email, now=m.now)


def paid_untold(m: Stage, company: str) -> Steps[None]:
    yield Last.UNTOLD
    m.buy(company)


# --- creations --------------------------------------------------------------------------------------------------------


def creation_retried(m: Stage, company: str, minutes: str = "65") -> Steps[None]:
    yield back(minutes=int(minutes))
    m.buy(company, refuse=True)


def creation_pending(m: Stage, company: str, minutes: str = "65") -> Steps[None]:
    yield back(minutes=int(minutes))
    m.buy(company, "year", wait=True)


def no_access_yet(m: Stage, company: str, seconds: str) -> Steps[None]:
    """Called every minute, so that in the last minute some are before a call and some after."""
    yield back(minutes=8, seconds=int(seconds))
    order = m.buy(company)
    m.will.no_access.add(order.number)


def creation_of_the_silent(m: Stage, company: str, place: str) -> Steps[None]:
    yield back(minutes=70) + timedelta(seconds=int(place))
    m.will.silent.add(f"{company}.qingxie.example")
    m.buy(company)


def creation_in(when: Last) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        yield when
        order = m.buy(company)
        if when is Last.ENDED:
            m.slow.add(order.number)

    return play


def delivered_untold(m: Stage, company: str) -> Steps[None]:
    yield Last.ENDED
    m.buy(company, "once")


def last_refusal_untold(m: Stage, company: str) -> Steps[None]:
    """The plan of three hours ends in the last minute (saas-v2 §3.10); that of license_online has two."""
    yield Last.ENDED.value - timedelta(hours=2 if company == "license_online" else 3)
    order = m.buy(company, refuse=True)
    m.slow.add(order.number)


def given_up_untold(m: Stage, company: str) -> Steps[None]:
    yield Last.ENDED.value - timedelta(hours=3)
    m.buy(company, "year", refuse=True)


def nothing_made(m: Stage, company: str) -> Steps[None]:
    yield back(days=2)
    m.buy(company, refuse=True)


def orphan_released(m: Stage, company: str) -> Steps[None]:
    yield back(days=2)
    m.buy(company, wait=True)


def orphan_kept(hours: int) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        yield back(hours=hours, minutes=20)
        order = m.buy(company, wait=True)
        yield back(hours=hours, minutes=19)
        m.will.refuse.add(("Release", m.first_business_id(order)))

    return play


def stopped(m: Stage) -> Steps[Order]:
    """saas-v1-license B1: no automatic refund; it waits for a restart."""
    yield back(days=2)
    order = m.buy("license_v1", refuse=True)
    yield back(days=1, hours=20)
    assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
    return order


def stopped_and_paid_back(m: Stage) -> Steps[None]:
    order = yield from stopped(m)
    yield back(hours=20)
    refund_order(order, reason="卖家无法交付", actor=m.operator.email, now=m.now)


def stopped_and_restarted(m: Stage) -> Steps[None]:
    order = yield from stopped(m)
    m.will.refuse.discard(("Create", order.number))
    yield back(hours=20)
    restart_call(m.calls(order), actor="owner", now=m.now)


def stopped_and_being_restarted(m: Stage) -> Steps[None]:
    order = yield from stopped(m)
    m.will.refuse.discard(("Create", order.number))
    yield Last.WAITING
    restart_call(m.calls(order), actor="owner", now=m.now)


def order_cases() -> list[Case]:
    return [
        Case("order unpaid", unpaid),
        Case("order cancelled by its buyer", cancelled),
        Case("order cancelled, not told", cancelled_untold),
        Case("order not paid in time", timed_out),
        *each("{}: order paid, not told", paid_untold, ALL),
        *each("{}: creation refused, tried again", creation_retried, STARTED),
        *each("{}: creation said to be under way", creation_pending, STARTED),
        *each("{}: access data not there yet, {} s", no_access_yet, [*(("saas_v2", str(n)) for n in range(0, 60, 10)), ("saas_v1", "0")]),
        *each("{}: creation at a seller who is silent, {}", creation_of_the_silent, [("silent", str(n)) for n in range(6)]),
        *each("{}: creation taken by a worker that died", creation_in(Last.LEASED), ALL),
        *each("{}: creation not begun", creation_in(Last.WAITING), ALL),
        *each("{}: creation done, its end not told", creation_in(Last.ENDED), ALL),
        *each("{}: delivered, not told", delivered_untold, ALL),
        *each("{}: creation refused for the last time, not told", last_refusal_untold, ALL),
        *each("{}: creation given up, not told", given_up_untold, SOME),
        *each("{}: creation given up, nothing was made", nothing_made, SAAS),
        *each("{}: creation given up, its orphan released", orphan_released, SAAS),
        *each("{}: creation given up, the orphan's release refused", orphan_kept(3), SAAS),
        *each("{}: creation given up, the orphan's release too", orphan_kept(30), SAAS),
        Case("license_v1: creation stopped", stopped),
        Case("license_v1: creation stopped, paid back by an operator", stopped_and_paid_back),
        Case("license_v1: creation stopped, restarted and done", stopped_and_restarted),
        Case("license_v1: creation stopped, restart not begun", stopped_and_being_restarted),
    ]  # fmt: skip
