"""Authorization codes: the market gives them to buyers, and renews, freezes and releases them at the seller by their
text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, override

from database import Database
from office import Table

from tradepost.kit import Instance, InstanceStatus, Refresh, Release, Seller, SetStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = "CREATE TABLE IF NOT EXISTS code (code TEXT PRIMARY KEY, expires_at TEXT, state TEXT NOT NULL) WITHOUT ROWID"


class CodeSeller(Seller):
    """Knows the codes passed at its start; the market receives 000003 for any other."""

    def __init__(self, *, data: Path, key: str, page: str, codes: Iterable[str]) -> None:
        super().__init__(store=data / "kit-license_code.db", key=key, protocols=("license_code",), test_page=page)
        self._codes = Database(data / "license_code.db", SCHEMA)
        for code in codes:
            self.register(code)

    def register(self, code: str) -> None:
        """Register once: a released code stays released after a restart."""
        self._codes.write("INSERT OR IGNORE INTO code VALUES (?, NULL, 'active')", (code,))
        self.adopt(code, now=datetime.now(UTC))

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        until = f"{command.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        self._codes.write("UPDATE code SET expires_at = ? WHERE code = ?", (until, instance.instance_id))

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self._set_state(instance, "frozen" if command.status is InstanceStatus.FREEZE else "active")

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self._set_state(instance, "released")

    def shown(self) -> list[Table]:
        rows = self._codes.read("SELECT code, expires_at, state FROM code")
        return [Table("codes", ("code", "expiry", "status"), rows)]

    def _set_state(self, instance: Instance, state: str) -> None:
        self._codes.write("UPDATE code SET state = ? WHERE code = ?", (state, instance.instance_id))
