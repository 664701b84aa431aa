"""The timer of a slot: open, close, evaluate, and end the day after its last slot.

There is one permanent timer per half of a day. Each run is a transaction with a bounded number of rows; the payload has
the progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from tradepost.market.base import jobs
from tradepost.market.base.models import Job

from . import closing, opening
from .models import ProbeSlot
from .scope import has_cases
from .timetable import GRACE_PERIOD, Slot, Window, is_last_of_day, next_slot, slot_on
from .watch import Watch

TIMER = "probes.slot"
PROBED_BEFORE_TARGET = timedelta(days=7)
"""Days before the target time of a sandbox's clock that are probed: more than a product needs to be frozen."""
RETRY_DELAY = timedelta(seconds=10)
"""Delay while a call of a closing slot is still being made."""


class Phase(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    JUDGE = "judge"
    DAY = "day"


def schedule(*, watch: Watch, now: datetime) -> None:
    """Schedule the timer of each half if it does not exist."""
    for window in watch.windows:
        slot = next_slot(now, window, watch.zone)
        jobs.schedule(TIMER, window.half, due_at=slot.opens, payload=_payload(slot))


def _payload(slot: Slot, phase: Phase = Phase.OPEN, cursor: int = 0) -> dict[str, Any]:
    return {"half": slot.half, "date": slot.date.isoformat(), "phase": phase.value, "cursor": cursor}


def run(
    payload: Mapping[str, Any], now: datetime, *, watch: Watch, heading_for: datetime | None = None
) -> datetime | None:
    """Timer: do the next step. ``heading_for``: target time of a sandbox's clock. Returns None for a half that was
    removed."""
    window = watch.window(str(payload["half"]))
    if window is None:
        return None
    day, phase, cursor = date.fromisoformat(payload["date"]), Phase(payload["phase"]), int(payload["cursor"])
    times = slot_on(day, window, watch.zone)
    match phase:
        case Phase.OPEN:
            after, due = _open_slot(times, cursor, watch=watch, now=now)
        case Phase.CLOSE:
            after, due = _close_slot(times, watch=watch, now=now)
        case Phase.JUDGE:
            after, due = _judge_slot(times, cursor, watch=watch, now=now)
        case _:
            after, due = _end_day(times, cursor, watch=watch, now=now)
    if after is None or due is None:
        slot = _next_slot_to_open(window, watch=watch, now=now, heading_for=heading_for)
        after, due = _payload(slot), slot.opens
    Job.objects.filter(kind=TIMER, key=window.half).update(payload=after)
    return due


type Step = tuple[dict[str, Any] | None, datetime | None]


def _open_slot(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    """Open the slot. A slot missed while the market was down is unknown. A slot that closes early keeps the runs
    created so far."""
    closes_at = times.last_try(tries=watch.probing.tries, gap=watch.probing.gap) + GRACE_PERIOD
    slot, _ = ProbeSlot.objects.get_or_create(
        date=times.date, half=times.half, product=None, defaults={"opened_at": now}
    )
    if now >= times.closes:
        return _payload(times, Phase.CLOSE), closes_at if cursor else now
    cursor_after = opening.open_batch(slot, times, cursor, watch=watch, now=now)
    if cursor_after is not None:
        return _payload(times, Phase.OPEN, cursor_after), now + opening.BATCH_PAUSE
    return _payload(times, Phase.CLOSE), closes_at


def _close_slot(times: Slot, *, watch: Watch, now: datetime) -> Step:
    slot = _slot(times)
    if not closing.end_runs(slot, now=now):
        return _payload(times, Phase.CLOSE), now + RETRY_DELAY
    closing.close_slot(slot, watch=watch, now=now)
    return _payload(times, Phase.JUDGE), now


def _judge_slot(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    cursor_after = closing.judge_batch(_slot(times), cursor, watch=watch, now=now)
    if cursor_after is not None:
        return _payload(times, Phase.JUDGE, cursor_after), now
    return (_payload(times, Phase.DAY), now) if is_last_of_day(times.half, watch.windows) else (None, None)


def _end_day(times: Slot, cursor: int, *, watch: Watch, now: datetime) -> Step:
    """End the day. After a downtime both halves may be due, so wait until the other half is closed."""
    if _is_under_way(times.date, [window.half for window in watch.windows if window.half != times.half]):
        return _payload(times, Phase.DAY, cursor), now + RETRY_DELAY
    cursor_after = closing.end_day(times.date, cursor, watch=watch, now=now)
    return (None, None) if cursor_after is None else (_payload(times, Phase.DAY, cursor_after), now)


def _is_under_way(day: date, halves: Sequence[str]) -> bool:
    """Return whether another half has not evaluated this day yet. Failed timers are ignored, as they would block all
    products' days."""
    timers = Job.objects.filter(kind=TIMER, key__in=halves, error="")
    return any(date.fromisoformat(timer.payload["date"]) <= day for timer in timers)


def _slot(times: Slot) -> ProbeSlot:
    return ProbeSlot.objects.get(date=times.date, half=times.half, product=None)


def _next_slot_to_open(window: Window, *, watch: Watch, now: datetime, heading_for: datetime | None) -> Slot:
    """Return the next slot to open.

    While a sandbox's clock moves, only the last days before its target are probed, or only the last day if there are no
    cases. Each case takes a step, and a year has to pass in seconds.
    """
    slot = next_slot(now, window, watch.zone)
    if heading_for is None or heading_for <= slot.opens:
        return slot
    probed_days = PROBED_BEFORE_TARGET if has_cases(watch) else timedelta(days=1)
    return max(slot, next_slot(heading_for - probed_days, window, watch.zone), key=lambda slot_at: slot_at.opens)
