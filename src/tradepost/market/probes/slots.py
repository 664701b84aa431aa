"""The timer of a slot: it opens, closes, is judged, and with the last one of a day the day ends. One timer a half, for ever;
each of its runs is one transaction with a bounded number of rows, and the timer's payload says how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from tradepost.market.base import jobs
from tradepost.market.base.models import Job

from . import closing, opening
from .models import ProbeSlot
from .scope import anything
from .timetable import GRACE, Slot, Window, is_last, next_slot, slot_on
from .watch import Watch

TIMER = "probes.slot"
PROBED_ON_THE_WAY = timedelta(days=7)
"""So many days before the moment that a sandbox's clock is moved to: longer than a product takes to be frozen."""
LOOK_AGAIN = timedelta(seconds=10)
"""While a call of a slot that is over is still being made."""


class Phase(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    JUDGE = "judge"
    DAY = "day"


def schedule(*, watch: Watch, now: datetime) -> None:
    """Make sure that the timer of each half exists."""
    for window in watch.windows:
        slot = next_slot(now, window, watch.zone)
        jobs.schedule(TIMER, window.half, due_at=slot.opens, payload=_payload(slot))


def _payload(slot: Slot, phase: Phase = Phase.OPEN, cursor: int = 0) -> dict[str, Any]:
    return {"half": slot.half, "date": slot.date.isoformat(), "phase": phase.value, "cursor": cursor}


def run(
    payload: Mapping[str, Any], now: datetime, *, watch: Watch, heading_for: datetime | None = None
) -> datetime | None:
    """The next step. ``heading_for``: where a sandbox's clock is being moved to. None for a half that has no slot any more."""
    window = watch.window(str(payload["half"]))
    if window is None:
        return None
    day, phase, cursor = date.fromisoformat(payload["date"]), Phase(payload["phase"]), int(payload["cursor"])
    times = slot_on(day, window, watch.zone)
    match phase:
        case Phase.OPEN:
            after, due = _open(times, cursor, watch=watch, now=now)
        case Phase.CLOSE:
            after, due = _close(times, watch=watch, now=now)
        case Phase.JUDGE:
            after, due = _judge(times, cursor, watch=watch, now=now)
        case _:
            after, due = _end_day(times, cursor, watch=watch, now=now)
    if after is None or due is None:
        slot = _next(window, watch=watch, now=now, heading_for=heading_for)
        after, due = _payload(slot), slot.opens
    Job.objects.filter(kind=TIMER, key=window.half).update(payload=after)
    return due


type Step = tuple[dict[str, Any] | None, datetime | None]


def _open(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    """One that was missed, since the market was away, is not made up for: nothing was asked, so that it says nothing. One that
    closes while its cases are still being written goes on with those that are."""
    ends = times.last_try(tries=watch.probing.tries, gap=watch.probing.gap) + GRACE
    slot, _ = ProbeSlot.objects.get_or_create(
        date=times.date, half=times.half, product=None, defaults={"opened_at": now}
    )
    if now >= times.closes:
        return _payload(times, Phase.CLOSE), ends if cursor else now
    went = opening.open_some(slot, times, cursor, watch=watch, now=now)
    if went is not None:
        return _payload(times, Phase.OPEN, went), now + opening.PACE
    return _payload(times, Phase.CLOSE), ends


def _close(times: Slot, *, watch: Watch, now: datetime) -> Step:
    slot = _slot(times)
    if not closing.end_runs(slot, now=now):
        return _payload(times, Phase.CLOSE), now + LOOK_AGAIN
    closing.close(slot, watch=watch, now=now)
    return _payload(times, Phase.JUDGE), now


def _judge(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    went = closing.judge_some(_slot(times), cursor, watch=watch, now=now)
    if went is not None:
        return _payload(times, Phase.JUDGE, went), now
    return (_payload(times, Phase.DAY), now) if is_last(times.half, watch.windows) else (None, None)


def _end_day(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    """The whole day: a market that comes back late in it finds both its halves due, and the earlier one may wait for a call
    that is still being made."""
    if _is_under_way(times.date, [window.half for window in watch.windows if window.half != times.half]):
        return _payload(times, Phase.DAY, cursor), now + LOOK_AGAIN
    went = closing.end_day(times.date, cursor, watch=watch, now=now)
    return (None, None) if went is None else (_payload(times, Phase.DAY, went), now)


def _is_under_way(day: date, halves: Sequence[str]) -> bool:
    """Whether one of these has not judged that day yet. One whose timer fails is not waited for: the days of all products
    would stand still with it."""
    timers = Job.objects.filter(kind=TIMER, key__in=halves, error="")
    return any(date.fromisoformat(timer.payload["date"]) <= day for timer in timers)


def _slot(times: Slot) -> ProbeSlot:
    return ProbeSlot.objects.get(date=times.date, half=times.half, product=None)


def _next(window: Window, *, watch: Watch, now: datetime, heading_for: datetime | None) -> Slot:
    """Of the days on a sandbox's clock's way only the last ones are probed, and where there is nothing to probe the last one:
    each case costs a step, and a year is to pass in seconds."""
    slot = next_slot(now, window, watch.zone)
    if heading_for is None or heading_for <= slot.opens:
        return slot
    last = PROBED_ON_THE_WAY if anything(watch) else timedelta(days=1)
    return max(slot, next_slot(heading_for - last, window, watch.zone), key=lambda one: one.opens)
