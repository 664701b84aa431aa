"""Authorization codes: the market hands them to buyers and renews, freezes and releases them at the seller by their text."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, override

from database import Database
from office import Table

from tradepost.kit import Instance, InstanceStatus, Refresh, Release, Seller, SetStatus
from tradepost.kit.store import Mine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = "CREATE TABLE IF NOT EXISTS code (code TEXT PRIMARY KEY, expires_at TEXT, state TEXT NOT NULL) WITHOUT ROWID"


class CodeSeller(Seller):
    """Knows the codes that it was started with; the market is answered 000003 for any other."""

    def __init__(self, *, data: Path, key: str, page: str, codes: Iterable[str]) -> None:
        super().__init__(store=data / "kit-license_code.db", key=key, protocols=("license_code",), test_page=page)
        self._codes = Database(data / "license_code.db", SCHEMA)
        for code in codes:
            self.register(code)

    def register(self, code: str) -> None:
        """Once: a code that was released stays so after a restart."""
        now, owner = datetime.now(UTC), secrets.token_hex(16)
        self._codes.write("INSERT OR IGNORE INTO code VALUES (?, NULL, 'active')", (code,))
        # No order made this instance here, so its work is named after the code.
        work, until = f"code {code}", now + timedelta(seconds=60)
        if isinstance(self.store.claim(work, owner=owner, first_id=code, now=now, until=until), Mine):
            self.store.keep_created(work, owner, Instance(instance_id=code, order_id=work, license=code))

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
