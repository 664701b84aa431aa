"""License codes in the customer's software: activation, a daily query, and reports of active clients (saas-v1-license
§B2.3). Uses only the standard library.

Call ``check`` whenever the software starts. It calls the market at most once a day and stores the result in a small
file, so that the software runs without the market for a configurable time. Never ship your access key to customers:
give ``LicensedCode`` a client of your own license server, with the same methods as ``MarketClient``.
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
from tradepost.protocols.open_api.software_usage import MAX_ITEMS, SoftwareUsage

from .client import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradepost.protocols.open_api.license_calls import LicenseInfo

__all__ = ["LicenseState", "LicenseStatus", "LicensedCode"]

NOT_ACTIVATED, ACTIVATED_BEFORE = "92020011", "92020003"
FINAL_CODES = frozenset({"92020004", "92020005"})
"""Refusals that a retry cannot change: the code is not activated or does not exist."""


class Market(Protocol):
    """The methods of ``MarketClient`` that this module uses."""

    def activate_license(self, code: str) -> LicenseInfo: ...

    def license(self, code: str) -> LicenseInfo: ...

    def report_software_usage(self, usages: Sequence[SoftwareUsage]) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class LicenseState:
    """Whether the software may run. ``status``: the market's last answer, empty if there is none. ``expires_at``: end
    of the paid time, None if unlimited or unknown. ``trouble``: why the market was not called successfully today.

    Between ``expires_at`` and the end of the grace period the status is still ``ALIVE``, and the software runs.
    """

    usable: bool
    status: str = ""
    expires_at: datetime | None = None
    trouble: str = ""


@dataclass(slots=True)
class _LicenseRecord:
    """Contents of the file. Days and times are texts, in UTC."""

    code: str
    status: str = ""
    expires_at: str = ""
    asked_at: str = ""
    day: str = ""
    """Day of the clients below."""
    waiting: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)


class LicensedCode:
    """``path``: the file. ``offline``: how long the software runs after the last answer of the market."""

    def __init__(
        self, market: Market, code: str, path: Path | str, *, offline: timedelta = timedelta(days=7),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.market, self.code, self.path = market, code.strip(), Path(path)
        self.offline, self.clock = offline, clock

    def check(self) -> LicenseState:
        """Check the license at the start of the software. Never raises for errors of the market or the network."""
        record, now = self._load(), self.clock()
        if record.asked_at and _day(record.asked_at) == now.date() and record.status == LicenseStatus.ALIVE:
            return self._state(record, now)
        try:
            info = self._ask()
        except MarketError as error:
            if error.code in FINAL_CODES:
                return LicenseState(usable=False, status=record.status, trouble=str(error))
            return self._state(record, now, trouble=str(error))
        record.status, record.asked_at = info.status, now.isoformat()
        record.expires_at = info.expires_at.isoformat() if info.expires_at else ""
        self._save(record)
        return self._state(record, now)

    def used_by(self, *clients: str) -> LicenseState:
        """Check the license and record these clients for today. Each is reported once a day, or later if the market is
        unreachable."""
        state, record, today = self.check(), self._load(), self.clock().date().isoformat()
        if not state.usable:
            return state
        if record.day != today:
            record.day, record.waiting, record.reported = today, [], []
        known_today = {*record.waiting, *record.reported}
        record.waiting += [client for client in dict.fromkeys(clients) if client and client not in known_today]
        if batch := record.waiting[:MAX_ITEMS]:
            with suppress(MarketError):
                if not self.market.report_software_usage([SoftwareUsage(license=self.code, clients=tuple(batch))]):
                    record.waiting, record.reported = record.waiting[MAX_ITEMS:], record.reported + batch
        self._save(record)
        return state

    def _ask(self) -> LicenseInfo:
        """The query's answer is authoritative, also for the expiry (openapi-jointkit §C.8). It also reveals an
        activation whose answer was lost."""
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

    def _state(self, record: _LicenseRecord, now: datetime, *, trouble: str = "") -> LicenseState:
        recent = bool(record.asked_at) and now - datetime.fromisoformat(record.asked_at) <= self.offline
        expires = datetime.fromisoformat(record.expires_at) if record.expires_at else None
        is_usable = record.status == LicenseStatus.ALIVE and recent
        return LicenseState(usable=is_usable, status=record.status, expires_at=expires, trouble=trouble)

    def _load(self) -> _LicenseRecord:
        """Return the file's contents; empty if it is missing, damaged or belongs to another code."""
        try:
            record = _LicenseRecord(**json.loads(self.path.read_text(encoding="utf-8")))
            times = (record.asked_at, record.expires_at)
            for text in filter(None, times):
                datetime.fromisoformat(text)
        except (OSError, ValueError, TypeError):
            return _LicenseRecord(self.code)
        return record if record.code == self.code else _LicenseRecord(self.code)

    def _save(self, record: _LicenseRecord) -> None:
        """Write the file atomically."""
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
        temporary.replace(self.path)


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()
