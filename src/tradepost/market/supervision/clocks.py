"""When something happens by itself in a supervised delivery: pure (business-rules §2.10; joint.md §4)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from msgspec import Struct

from tradepost.market.product_types.flows.contract import Within

DAY = timedelta(days=1)


class Clocks(Struct, frozen=True, kw_only=True):
    """What the settings say."""

    accept_days: int
    return_days: int
    returned_days: int
    remind_days: int
    stale_days: int
    stale_repeat_days: int
    appeal_workdays: int
    zone: tzinfo
    closes: time = time(18)

    def days(self, within: Within) -> int:
        """After which the market acts by itself."""
        match within:
            case Within.RECEIPT:
                return self.accept_days
            case Within.RETURN:
                return self.return_days
            case Within.RETURNED:
                return self.returned_days


class Standing(Struct, frozen=True, kw_only=True):
    """Where a delivery stands. ``appealed``: an operator decides, and nothing moves by itself meanwhile."""

    opened_at: datetime
    entered_at: datetime
    due_at: datetime | None
    reminded: bool
    stale_told: int
    appealed: bool


def next_stale_at(standing: Standing, clocks: Clocks) -> datetime:
    return standing.opened_at + DAY * (clocks.stale_days + 1 + standing.stale_told * clocks.stale_repeat_days)


def remind_at(standing: Standing, clocks: Clocks) -> datetime | None:
    return None if standing.reminded or standing.appealed else standing.entered_at + DAY * clocks.remind_days


def next_moment(standing: Standing, clocks: Clocks) -> datetime:
    """When its timer has something to do."""
    due = None if standing.appealed else standing.due_at
    moments = (next_stale_at(standing, clocks), remind_at(standing, clocks), due)
    return min(at for at in moments if at is not None)


def remaining(due_at: datetime | None, now: datetime) -> timedelta | None:
    """What an appeal leaves of a node's time: it goes on from there."""
    return None if due_at is None else max(due_at - now, timedelta(0))


def effective_at(*, started_on: date | None, accepted_at: datetime, paid_at: datetime, zone: tzinfo) -> datetime:
    """From when on the paid time counts: the day that the seller said, never before the payment, else the acceptance."""
    if started_on is None:
        return accepted_at
    return min(max(datetime.combine(started_on, time(), zone).astimezone(paid_at.tzinfo), paid_at), accepted_at)
