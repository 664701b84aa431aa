"""A code in the customer's software: activated once, asked about at the first use of each day, its clients reported
(saas-v1-license §B2.3). Standard library alone.

``check`` is called whenever the software starts. It asks the market at most once a day; what it learned stands in a small
file, so that software whose market cannot be reached goes on for as long as you allow. Your access key must not be shipped to
customers: give ``LicensedCode`` a client of your own license server, with the same four methods as ``MarketClient``.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tradepost.protocols.open_api.license_calls import LicenseStatus
from tradepost.protocols.open_api.software_usage import MOST, SoftwareUsage

from .client import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradepost.protocols.open_api.license_calls import LicenseInfo

__all__ = ["LicenseStatus", "LicensedCode", "Standing"]

NOT_ACTIVATED, ACTIVATED_BEFORE = "92020011", "92020003"
FINAL = frozenset({"92020004", "92020005"})
"""Refusals that no later try changes by itself: the code was not taken yet, or there is none."""


class Market(Protocol):
    """What a ``MarketClient`` can do, as far as it is needed here."""

    def activate_license(self, code: str) -> LicenseInfo: ...

    def license(self, code: str) -> LicenseInfo: ...

    def report_software_usage(self, usages: Sequence[SoftwareUsage]) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the software may run. ``status``: as the market said last, empty when it never did. ``expires_at``: end of the
    paid time, None where there is none or it is not known. ``trouble``: why the market was not asked today, or why not.

    Between ``expires_at`` and the end of the grace the status is still ``ALIVE``: the software runs on it.
    """

    usable: bool
    status: str = ""
    expires_at: datetime | None = None
    trouble: str = ""


@dataclass(slots=True)
class _Known:
    """What stands in the file. Days and times are texts, in UTC."""

    code: str
    status: str = ""
    expires_at: str = ""
    asked_at: str = ""
    day: str = ""
    """Of the clients below."""
    waiting: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)


class LicensedCode:
    """``path``: the file. ``offline``: for how long it runs without an answer of the market, from the last one on."""

    def __init__(
        self, market: Market, code: str, path: Path | str, *, offline: timedelta = timedelta(days=7),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.market, self.code, self.path = market, code.strip(), Path(path)
        self.offline, self.clock = offline, clock

    def check(self) -> Standing:
        """At the start of the software. Never raises for what the market or the network does."""
        known, now = self._load(), self.clock()
        if known.asked_at and _day(known.asked_at) == now.date() and known.status == LicenseStatus.ALIVE:
            return self._standing(known, now)
        try:
            info = self._ask()
        except MarketError as error:
            if error.code in FINAL:
                return Standing(usable=False, status=known.status, trouble=str(error))
            return self._standing(known, now, trouble=str(error))
        known.status, known.asked_at = info.status, now.isoformat()
        known.expires_at = info.expires_at.isoformat() if info.expires_at else ""
        self._save(known)
        return self._standing(known, now)

    def used_by(self, *clients: str) -> Standing:
        """``check``, and these clients used the software today: each is reported once a day, later if the market is away."""
        standing, known, today = self.check(), self._load(), self.clock().date().isoformat()
        if not standing.usable:
            return standing
        if known.day != today:
            known.day, known.waiting, known.reported = today, [], []
        known_today = {*known.waiting, *known.reported}
        known.waiting += [client for client in dict.fromkeys(clients) if client and client not in known_today]
        if batch := known.waiting[:MOST]:
            with suppress(MarketError):
                if not self.market.report_software_usage([SoftwareUsage(license=self.code, clients=tuple(batch))]):
                    known.waiting, known.reported = known.waiting[MOST:], known.reported + batch
        self._save(known)
        return standing

    def _ask(self) -> LicenseInfo:
        """The query's word counts, also for the expiry (openapi-jointkit §C.8). An activation whose answer was lost shows in
        the query that follows."""
        try:
            return self.market.license(self.code)
        except MarketError as error:
            if error.code != NOT_ACTIVATED:
                raise
        try:
            self.market.activate_license(self.code)
        except MarketError as error:
            if error.code != ACTIVATED_BEFORE:
                raise
        return self.market.license(self.code)

    def _standing(self, known: _Known, now: datetime, *, trouble: str = "") -> Standing:
        recent = bool(known.asked_at) and now - datetime.fromisoformat(known.asked_at) <= self.offline
        expires = datetime.fromisoformat(known.expires_at) if known.expires_at else None
        usable = known.status == LicenseStatus.ALIVE and recent
        return Standing(usable=usable, status=known.status, expires_at=expires, trouble=trouble)

    def _load(self) -> _Known:
        """A file that is missing, broken or of another code says nothing."""
        try:
            known = _Known(**json.loads(self.path.read_text(encoding="utf-8")))
            times = (known.asked_at, known.expires_at)
            for text in filter(None, times):
                datetime.fromisoformat(text)
        except (OSError, ValueError, TypeError):
            return _Known(self.code)
        return known if known.code == self.code else _Known(self.code)

    def _save(self, known: _Known) -> None:
        """Whole or not at all."""
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        beside.write_text(json.dumps(asdict(known)), encoding="utf-8")
        beside.replace(self.path)


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()
