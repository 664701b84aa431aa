"""Services of any market: renewals, free orders, and ends of paid time, in every state that can persist."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.released.stage import (
    ALL,
    DAY,
    END,
    FREEZE,
    FREEZE_NOT_BEGUN,
    PATIENT,
    RETENTION,
    SOME,
    TWO,
    UNFREEZE,
    Case,
    Differs,
    Last,
    Play,
    Stage,
    Steps,
    back,
    each,
    month_before,
)
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.restart import restart_call
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

PRICES = [(protocol, price) for (protocol,) in ALL for price in ("month", "year", "once")]


# --- in use, and renewals ---------------------------------------------------------------------------------------------


def in_use(m: Stage, company: str, price: str) -> Steps[None]:
    yield from m.delivered(company, price, at=back(days=10), quantity=3)


def renewed(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, at=back(days=40))
    yield back(days=20)
    m.renew(held)


def renewed_often(m: Stage, company: str) -> Steps[None]:
    """Started on the 31st, so that the shortest month shows."""
    held = yield from m.delivered(company, at=datetime(2026, 1, 31, 9, 0, tzinfo=UTC))
    for days, price in ((20, "month"), (12, "month"), (5, "year")):
        yield back(days=days)
        m.renew(held, price)


def renewal_unpaid(m: Stage) -> Steps[None]:
    held = yield from m.delivered("saas_v2", at=back(days=25))
    yield back(hours=2)
    m.renew(held, pay=False)


def renewal_cancelled(m: Stage) -> Steps[None]:
    held = yield from m.delivered("saas_v1", at=back(days=24))
    yield back(hours=40)
    order = m.renew(held, pay=False)
    yield back(hours=30)
    cancel_order(order, actor=order.buyer.email, now=m.now)


def renewal_timed_out(m: Stage) -> Steps[None]:
    held = yield from m.delivered("license_v1", at=back(days=24))
    yield back(hours=40)
    m.renew(held, pay=False)


def renewal_retried(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, at=back(days=22))
    m.refuse("Refresh", held)
    yield back(minutes=12)
    m.renew(held, "year")


def renewal_in(when: Last, *, told: bool = True, refuse: bool = False) -> Play:
    """``told``: whether the reactions to the end of a call run."""

    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from m.delivered(company, at=back(days=22))
        if refuse:
            m.refuse("Refresh", held)
        yield when
        m.renew(held)
        if not told:
            m.slow.add(held.pk)

    return play


def renewal_given_up(m: Stage, company: str) -> Steps[tuple[Subscription, Order]]:
    """saas-v2 §3.3, §3.10: it stays with the seller, who may restart it."""
    held = yield from m.delivered(company, at=back(days=22))
    m.refuse("Refresh", held)
    yield back(days=2)
    order = m.renew(held)
    yield back(days=1)
    assert m.calls(order).outcome == Call.Outcome.GAVE_UP
    return held, order


def renewal_restarted(m: Stage, company: str) -> Steps[None]:
    held, order = yield from renewal_given_up(m, company)
    m.allow("Refresh", held)
    yield back(hours=12)
    restart_call(m.calls(order), actor="owner", now=m.now)


def renewal_being_restarted(m: Stage, company: str) -> Steps[None]:
    held, order = yield from renewal_given_up(m, company)
    m.allow("Refresh", held)
    yield Last.WAITING
    restart_call(m.calls(order), actor="owner", now=m.now)


def renewal_paid_back(m: Stage, company: str) -> Steps[None]:
    _, order = yield from renewal_given_up(m, company)
    yield back(hours=12)
    refund_order(order, reason="续费失败", actor=m.operator.email, now=m.now)


# --- what costs nothing -----------------------------------------------------------------------------------------------


def free_order(m: Stage, company: str) -> Steps[None]:
    yield from m.delivered(company, shape="free", at=back(days=9))


def free_order_retried(m: Stage, company: str) -> Steps[None]:
    yield back(minutes=65)
    m.buy(company, shape="free", refuse=True)


def free_order_given_up(m: Stage, company: str) -> Steps[None]:
    yield back(days=2)
    m.buy(company, shape="free", refuse=True)


def free_renewal(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, shape="free", at=back(days=40))
    yield back(days=20)
    m.renew(held)


def free_renewal_stuck(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, shape="free", at=back(days=22))
    m.refuse("Refresh", held)
    yield back(days=2)
    m.renew(held)


def free_renewal_retried(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, shape="free", at=back(days=22))
    m.refuse("Refresh", held)
    yield back(minutes=12)
    m.renew(held)


def free_renewal_waiting(m: Stage, company: str) -> Steps[None]:
    held = yield from m.delivered(company, shape="free", at=back(days=22))
    yield Last.UNTOLD
    m.renew(held)


# --- ends of paid time ------------------------------------------------------------------------------------------------


def ending(m: Stage, company: str, end: datetime, *, refuse: str = "") -> Steps[Subscription]:
    """A service paid until ``end``, whose seller then refuses the calls ``refuse``."""
    held = yield from m.delivered(company, at=month_before(end))
    if refuse:
        m.refuse(refuse, held)
    return held


def frozen(m: Stage, company: str) -> Steps[None]:
    yield from ending(m, company, back(days=2))


def freeze_refused(**ended: float) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        yield from ending(m, company, back(**ended), refuse=FREEZE)

    return play


def ends_in(when: Last, *, told: bool = True) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from ending(m, company, FREEZE_NOT_BEGUN if when is Last.WAITING else when.value)
        if not told:
            m.slow.add(held.pk)

    return play


def renewal_behind_a_freeze(m: Stage, company: str) -> Steps[None]:
    held = yield from ending(m, company, back(minutes=12), refuse=FREEZE)
    yield back(minutes=4)
    order = m.renew(held)
    yield back(minutes=3)
    assert not Call.objects.filter(order_number=order.number).exists(), "it waits for the freeze"


def thawed(m: Stage, company: str) -> Steps[None]:
    held = yield from ending(m, company, back(days=3))
    yield back(days=1)
    m.renew(held)


def thaw_refused(**ago: float) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from ending(m, company, back(days=3), refuse=UNFREEZE)
        yield back(**ago)
        m.renew(held)

    return play


def thaw_in(when: Last, *, told: bool = True) -> Play:
    """If the renewal itself ends the freeze, the end of the renewal is published."""

    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from ending(m, company, back(days=3))
        yield when
        m.renew(held)
        if not told:
            m.slow.add(held.pk)

    return play


def renewal_of_the_frozen_refused(**ago: float) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from ending(m, company, back(days=3), refuse="Refresh")
        yield back(**ago)
        m.renew(held)

    return play


def freeze_given_up_then_renewed(m: Stage, company: str) -> Steps[None]:
    held = yield from ending(m, company, back(days=2), refuse=FREEZE)
    yield back(hours=12)
    m.renew(held)


def freeze_perhaps_done(m: Stage, *, renewed: bool) -> Steps[None]:
    """A proxy answered for the seller, who may have frozen it (saas-v2 §3.4)."""
    held = yield from ending(m, "garbled", back(days=2))
    yield back(days=2, hours=1)
    m.will.garbled.add("garbled.qingxie.example")
    yield back(days=1)
    m.will.garbled.discard("garbled.qingxie.example")
    if renewed:
        yield back(hours=12)
        m.renew(held)


def released(m: Stage, company: str) -> Steps[None]:
    yield from ending(m, company, END - RETENTION - 5 * DAY)


def release_refused(**ago: float) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        yield from ending(m, company, back(**ago) - RETENTION, refuse="Release")

    return play


def release_in(when: Last, *, told: bool = True) -> Play:
    def play(m: Stage, company: str) -> Steps[None]:
        held = yield from ending(m, company, when.value - RETENTION)
        if not told:
            m.slow.add(held.pk)

    return play


def released_beside_a_stuck_renewal(m: Stage, company: str) -> Steps[None]:
    """It was not restarted in the retention: refunded with the release (saas-v2 §3.3)."""
    held = yield from ending(m, company, back(days=17), refuse="Refresh")
    yield back(days=16)
    m.renew(held)


def ending_at_the_silent(m: Stage) -> Steps[None]:
    yield from ending(m, "silent", back(minutes=30))


def renewal_at_the_silent(m: Stage) -> Steps[None]:
    held = yield from m.delivered("silent", at=back(days=22))
    yield back(minutes=20)
    m.renew(held)


FREE_WHY: Differs = {
    "status": "a renewal that costs nothing is told, restartable and paid back (no transfer) like one that costs something"
}
FREEZE_AGAIN: Differs = {
    "calls": "a freeze that may have acted makes the seller's state unknown: it may be asked again, or be thawed without one"
}
FREEZE_ENDED: Differs = {
    "calls": "a freeze that was given up may be cancelled or stay so, when a renewal makes it needless"
}


def service_cases() -> list[Case]:
    return [
        *each("{}: in use, bought by {}", in_use, PRICES),
        *each("{}: renewed", renewed, ALL),
        *each("{}: renewed twice by the month, then by the year", renewed_often, ALL),
        Case("renewal unpaid", renewal_unpaid),
        Case("renewal cancelled by its buyer", renewal_cancelled),
        Case("renewal not paid in time", renewal_timed_out),
        *each("{}: renewal refused, tried again", renewal_retried, PATIENT),
        *each("{}: renewal taken by a worker that died", renewal_in(Last.LEASED), ALL),
        *each("{}: renewal not begun", renewal_in(Last.WAITING), ALL),
        *each("{}: renewal done, its end not told", renewal_in(Last.ENDED, told=False), ALL),
        *each("{}: renewal done, not told", renewal_in(Last.ENDED), ALL),
        *each("{}: renewal paid, not told", renewal_in(Last.UNTOLD), ALL),
        *each("{}: renewal given up", renewal_given_up, ALL),
        *each("{}: renewal given up, restarted and done", renewal_restarted, SOME),
        *each("{}: renewal given up, restart not begun", renewal_being_restarted, SOME),
        *each("{}: renewal given up, paid back by an operator", renewal_paid_back, SOME),
        *each("{}: renewal given up at once, its end not told", renewal_in(Last.ENDED, told=False, refuse=True), [("license_v1",)]),
        *each("{}: free order in use", free_order, TWO),
        *each("{}: free order, creation refused, tried again", free_order_retried, TWO),
        *each("{}: free order given up or stopped", free_order_given_up, TWO),
        *each("{}: free renewal", free_renewal, ALL, FREE_WHY),
        *each("{}: free renewal given up", free_renewal_stuck, SOME, FREE_WHY),
        *each("{}: free renewal refused, tried again", free_renewal_retried, PATIENT, FREE_WHY),
        *each("{}: free renewal ordered, not told", free_renewal_waiting, ALL, FREE_WHY),
        *each("{}: frozen", frozen, ALL),
        *each("{}: freeze refused, tried again", freeze_refused(minutes=12), PATIENT),
        *each("{}: freeze given up", freeze_refused(days=1), ALL),
        *each("{}: freeze taken by a worker that died", ends_in(Last.LEASED), ALL),
        *each("{}: freeze not begun", ends_in(Last.WAITING), ALL),
        *each("{}: freeze done, its end not told", ends_in(Last.ENDED, told=False), ALL),
        *each("{}: frozen, not told", ends_in(Last.ENDED), ALL),
        *each("{}: renewal behind a freeze", renewal_behind_a_freeze, PATIENT),
        *each("{}: renewed in its retention", thawed, ALL),
        *each("{}: unfreeze refused, tried again", thaw_refused(minutes=12), [("saas_v2",), ("license_online",)]),
        *each("{}: unfreeze given up", thaw_refused(hours=12), [("saas_v2",), ("license_online",)]),
        *each("{}: renewal in the retention done, not told", thaw_in(Last.ENDED), ALL),
        *each("{}: renewal in the retention done, its end not told", thaw_in(Last.ENDED, told=False), ALL),
        *each("{}: renewal in the retention taken by a worker that died", thaw_in(Last.LEASED), ALL),
        *each("{}: renewal in the retention refused, tried again", renewal_of_the_frozen_refused(minutes=12), PATIENT),
        *each("{}: renewal in the retention given up", renewal_of_the_frozen_refused(days=1), SOME),
        *each("{}: freeze given up, renewed since", freeze_given_up_then_renewed, SOME, FREEZE_ENDED),
        Case("saas_v2: freeze perhaps done, given up", lambda m: freeze_perhaps_done(m, renewed=False), FREEZE_AGAIN),
        Case("saas_v2: freeze perhaps done, given up, renewed since", lambda m: freeze_perhaps_done(m, renewed=True), FREEZE_AGAIN),
        *each("{}: released", released, ALL),
        *each("{}: release refused, tried again", release_refused(minutes=12), PATIENT),
        *each("{}: release given up", release_refused(days=1), ALL),
        *each("{}: release taken by a worker that died", release_in(Last.LEASED), ALL),
        *each("{}: release done, its end not told", release_in(Last.ENDED, told=False), ALL),
        *each("{}: released, not told", release_in(Last.ENDED), ALL),
        *each("{}: released with a renewal that was given up", released_beside_a_stuck_renewal, SOME),
        Case("saas_v2: freeze held back, the seller is silent", ending_at_the_silent),
        Case("saas_v2: renewal held back, the seller is silent", renewal_at_the_silent),
        ]  # fmt: skip
