"""The market's settings for probes, built once by ``wiring`` and passed to all functions."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.market.base.settings.probes import ProbeSettings
from tradepost.market.production.plan import Probing

from .timetable import GRACE_PERIOD, Window, slot_on

MAX_DELAY = timedelta(minutes=30)
"""Extra time that a busy market may need to close a slot."""


class Watch(Struct, frozen=True, kw_only=True):
    windows: tuple[Window, ...]
    zone: tzinfo
    probing: Probing
    freeze_days: int
    only_needed: bool
    """Whether only required cases decide about a product, not other saved cases."""
    protocols: frozenset[str]
    void_percent: int
    void_addresses: int
    failed_orders: int
    """Number of a product's orders that may fail through its interface per month."""

    def window(self, half: str) -> Window | None:
        return next((candidate for candidate in self.windows if candidate.half == half), None)

    def is_under_way(self, day: date, half: str, *, now: datetime) -> bool:
        """Return whether the last attempt of a slot may still follow. A half without a window has no slots."""
        window = self.window(half)
        if window is None:
            return False
        last = slot_on(day, window, self.zone).last_try(tries=self.probing.tries, gap=self.probing.gap)
        return now < last + GRACE_PERIOD + MAX_DELAY


def probing_of(settings: ProbeSettings) -> Probing:
    gap = timedelta(minutes=settings.probe_gap_minutes)
    return Probing(settings.probe_tries, gap, settings.probe_places_percent / 100)


def watch_of(settings: Config, zone: tzinfo) -> Watch:
    return Watch(
        windows=tuple(Window(*window) for window in settings.probes.probe_windows),
        zone=zone,
        probing=probing_of(settings.probes),
        freeze_days=settings.probes.probe_freeze_days,
        only_needed=settings.probes.probe_judges == "needed",
        protocols=frozenset(settings.probes.probe_protocols),
        void_percent=settings.probes.probe_void_percent,
        void_addresses=settings.probes.probe_void_addresses,
        failed_orders=settings.probes.failed_orders_month,
    )
