"""The rules of this market's probes, as its settings say; built once by ``wiring`` and passed into every verb."""

from __future__ import annotations

from datetime import timedelta, tzinfo

from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.market.production.plan import Probing

from .timetable import Window


class Watch(Struct, frozen=True, kw_only=True):
    windows: tuple[Window, ...]
    zone: tzinfo
    probing: Probing
    freeze_days: int
    only_needed: bool
    """A product fails by the cases that it needs, not by others that were saved."""
    protocols: frozenset[str]
    void_percent: int
    void_addresses: int
    failed_orders: int
    """Orders of a product in a month that its interface may fail."""

    def window(self, half: str) -> Window | None:
        return next((one for one in self.windows if one.half == half), None)


def probing_of(settings: Config) -> Probing:
    gap = timedelta(minutes=settings.probe_gap_minutes)
    return Probing(settings.probe_tries, gap, settings.probe_places_percent / 100)


def watch_of(settings: Config, zone: tzinfo) -> Watch:
    return Watch(
        windows=tuple(Window(*one) for one in settings.probe_windows),
        zone=zone,
        probing=probing_of(settings),
        freeze_days=settings.probe_freeze_days,
        only_needed=settings.probe_judges == "needed",
        protocols=frozenset(settings.probe_protocols),
        void_percent=settings.probe_void_percent,
        void_addresses=settings.probe_void_addresses,
        failed_orders=settings.failed_orders_month,
    )
