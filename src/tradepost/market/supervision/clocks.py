"""Times at which a supervised delivery advances automatically. No I/O (business-rules §2.10; joint.md §4)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from msgspec import Struct

from tradepost.market.product_types.flows.contract import TimeLimit

DAY = timedelta(days=1)


class Clocks(Struct, frozen=True, kw_only=True):
    """Time limits from the settings."""

    accept_days: int
    return_days: int
    returned_days: int
    remind_days: int
    stale_days: int
    stale_repeat_days: int
    appeal_workdays: int
    zone: tzinfo
    closes: time = time(18)

    def days(self, within: TimeLimit) -> int:
        """Return the number of days after which the market acts."""
        match within:
            case TimeLimit.RECEIPT:
                return self.accept_days
            case TimeLimit.RETURN:
                return self.return_days
            case TimeLimit.RETURNED:
                return self.returned_days


class Progress(Struct, frozen=True, kw_only=True):
    """The times that determine the next automatic step. ``appealed``: an operator is deciding, so no step happens
    meanwhile."""

    opened_at: datetime
    entered_at: datetime
    due_at: datetime | None
    reminded: bool
    stale_told: int
    appealed: bool


def next_stale_at(progress: Progress, clocks: Clocks) -> datetime:
    return progress.opened_at + DAY * (clocks.stale_days + 1 + progress.stale_told * clocks.stale_repeat_days)


def remind_at(progress: Progress, clocks: Clocks) -> datetime | None:
    return None if progress.reminded or progress.appealed else progress.entered_at + DAY * clocks.remind_days


def next_due_at(progress: Progress, clocks: Clocks) -> datetime:
    """Return when the delivery's timer is due next."""
    due_at = None if progress.appealed else progress.due_at
    moments = (next_stale_at(progress, clocks), remind_at(progress, clocks), due_at)
    return min(at for at in moments if at is not None)


def remaining(due_at: datetime | None, now: datetime) -> timedelta | None:
    """Return the node's time that remains after an appeal; None if the node has no limit."""
    return None if due_at is None else max(due_at - now, timedelta(0))


def effective_at(*, started_on: date | None, accepted_at: datetime, paid_at: datetime, zone: tzinfo) -> datetime:
    """Return when the paid time starts.

    That is the day that the seller entered, but never before the payment or after the acceptance; without a day, the
    acceptance.
    """
    if started_on is None:
        return accepted_at
    return min(max(datetime.combine(started_on, time(), zone).astimezone(paid_at.tzinfo), paid_at), accepted_at)
