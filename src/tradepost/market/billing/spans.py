"""Time span of a usage chart and its parts: days of a month or hours of a day (pure functions)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

HOUR = timedelta(hours=1)


class Grain(StrEnum):
    """Length of a bar."""

    HOUR = "hour"
    DAY = "day"


class Span(Struct, frozen=True):
    """[``begin``, ``end``) in the market's time zone."""

    grain: Grain
    first: date
    """The day, or the first day of the month."""
    zone: ZoneInfo

    @classmethod
    def month_of(cls, day: date, zone: ZoneInfo) -> Span:
        return cls(Grain.DAY, day.replace(day=1), zone)

    @classmethod
    def day_of(cls, day: date, zone: ZoneInfo) -> Span:
        return cls(Grain.HOUR, day, zone)

    @property
    def begin(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return _midnight(self._next(), self.zone)

    def before(self) -> Span:
        day = self.first - timedelta(days=1)
        return Span.month_of(day, self.zone) if self.grain == Grain.DAY else Span.day_of(day, self.zone)

    def after(self) -> Span:
        return Span(self.grain, self._next(), self.zone)

    def parts(self, until: datetime) -> list[datetime]:
        """Return the starts of its days or hours up to ``until``. A day on which clocks go back has 25 hours."""
        if self.grain == Grain.DAY:
            days = (self.end.date() - self.first).days
            starts = [_midnight(self.first + timedelta(days=n), self.zone) for n in range(days)]
        else:
            hours = int((self.end.timestamp() - self.begin.timestamp()) // HOUR.total_seconds())
            starts = [datetime.fromtimestamp(self.begin.timestamp() + n * 3600, self.zone) for n in range(hours)]
        return [at for at in starts if at <= until]

    def part_of(self, at: datetime) -> datetime:
        """Return the start of the day or hour that contains this moment."""
        local = at.astimezone(self.zone)
        if self.grain == Grain.DAY:
            return _midnight(local.date(), self.zone)
        return local.replace(minute=0, second=0, microsecond=0)

    def _next(self) -> date:
        if self.grain == Grain.HOUR:
            return self.first + timedelta(days=1)
        return (self.first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
