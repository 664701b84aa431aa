"""Mutants that read or write dates with another clock (saas-v2 §3.2, §3.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradepost.kit.answers import Instance
from tradepost.protocols.commands import Command, UsageInfo
from tradepost.protocols.contract import Denied
from tradepost.protocols.wire_time import dump_seconds

from .definition import V1, V2, Shop, shop_mutant, wire_mutant
from .spelled import SpelledV1, SpelledV2

TIME = "time"
BOTH = (V2, V1)
BEIJING = timedelta(hours=8)


@wire_mutant("twelve_hour_clock", TIME)
class ReadsHoursTo12(SpelledV2):
    """``yyyyMMddhhmmss`` with a strict parser: no hour after noon."""

    def command(self, members: dict[str, object]) -> Command:
        return super().command(_strict_twelve(members))


@wire_mutant("twelve_hour_clock", TIME)
class ReadsHoursTo12V1(SpelledV1):
    def command(self, parameters: dict[str, str], key: str) -> Command:
        _strict_twelve(parameters)
        return super().command(parameters, key)


def _strict_twelve[M: (dict[str, object], dict[str, str])](members: M) -> M:
    hours = str(members.get("expireTime", ""))[8:10]
    if members.get("activity") == "refreshInstance" and hours and not 1 <= int(hours) <= 12:
        raise Denied("000002", "Unparseable date")
    return members


@shop_mutant("twelve_hour_clock", TIME, protocols=BOTH)
class ReadsAfternoonAsMorning(Shop):
    """``yyyyMMddhhmmss`` with a lenient parser: 16:00 is kept as 04:00, 12:00 as 00:00."""

    def expiry(self, instance: Instance):
        at = instance.expires_at
        return at and at.replace(hour=at.hour % 12)


@shop_mutant("local_time_expiry", TIME, protocols=BOTH)
class TakesUtcForLocalTime(Shop):
    def expiry(self, instance: Instance):
        return instance.expires_at and instance.expires_at - BEIJING


@shop_mutant("local_time_usage", TIME, "shape", "lifecycle", protocols=BOTH)
class WritesLocalTime(Shop):
    def usage(self) -> UsageInfo:
        usage = super().usage()
        return UsageInfo(value=usage.value, at=datetime.now(UTC) + BEIJING)


@wire_mutant("fourteen_digits_only", TIME)
class FourteenDigitsOnly(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        if len(str(members.get("expireTime", ""))) == 17:
            raise Denied("000002", "expireTime has more than 14 digits")
        return super().command(members)


@wire_mutant("accepts_bad_time", TIME, "shape")
class BadTimeMeansNow(SpelledV2):
    """A parser that ignores errors."""

    def command(self, members: dict[str, object]) -> Command:
        try:
            return super().command(members)
        except Denied:
            if not members.get("expireTime"):
                raise
            return super().command({**members, "expireTime": dump_seconds(datetime.now(UTC))})
