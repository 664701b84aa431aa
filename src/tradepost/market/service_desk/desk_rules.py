"""Settings of the service desk, as values for its functions."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from msgspec import Struct

from tradepost.market.base.working_days import deadline_of

from .models import Complaint


class DeskRules(Struct, frozen=True, kw_only=True):
    """Deadlines and penalty points. ``closes``: the local time at which a working day ends."""

    demand_workdays: int
    seller_days: int
    """Days that a seller has to answer a demand (business-rules §17.7)."""
    complaint_workdays: int
    reply_hours: int
    """Hours without a reply after which a seller counts as unreachable (business-rules §17.6)."""
    points_unreachable: int
    points_abuse: int
    points_fake_trade: int
    zone: tzinfo
    closes: time = time(18)

    def demand_due(self, now: datetime) -> datetime:
        return deadline_of(now, self.demand_workdays, zone=self.zone, closes=self.closes).at

    def seller_until(self, now: datetime) -> datetime:
        return now + timedelta(days=self.seller_days)

    def complaint_due(self, now: datetime) -> datetime:
        return deadline_of(now, self.complaint_workdays, zone=self.zone, closes=self.closes).at

    def reply_until(self, now: datetime) -> datetime:
        return now + timedelta(hours=self.reply_hours)

    def points(self, reason: str, *, replied: bool) -> int:
        """Return the penalty points of an upheld complaint (business-rules §1.6, §17.6). A seller that replied was
        reachable."""
        match reason:
            case Complaint.Reason.UNREACHABLE:
                return 0 if replied else self.points_unreachable
            case Complaint.Reason.ABUSE:
                return self.points_abuse
            case Complaint.Reason.FAKE_TRADE:
                return self.points_fake_trade
            case _:
                return 0
