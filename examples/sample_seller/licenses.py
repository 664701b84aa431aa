"""Licenses as text, created and stored for each order: License 1.0 returns the text, the online License creates it on
request."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, override

from database import Database
from deliveries import Deliveries
from office import Table
from orders import Bought, purchase_of

from tradepost.kit import (
    Create,
    Created,
    Instance,
    InstanceState,
    InstanceStatus,
    Pending,
    Refresh,
    Reject,
    Release,
    Seller,
    SetStatus,
)
from tradepost.protocols.commands import GetLicenseAsync

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tradepost.kit.client import MarketClient

SCHEMA = """
CREATE TABLE IF NOT EXISTS sold (
  instance_id TEXT PRIMARY KEY, product TEXT NOT NULL, quantity INTEGER, expires_at TEXT, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS license (
  instance_id TEXT NOT NULL REFERENCES sold ON DELETE CASCADE, event_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
  text TEXT NOT NULL, PRIMARY KEY (instance_id, event_id, fingerprint)
) WITHOUT ROWID;
"""


class LicenseSeller(Seller):
    """Sells a text with a seal that the licensed software can verify; the sealing key never leaves the seller."""

    def __init__(
        self, *, data: Path, key: str, protocol: str, page: str, market: MarketClient | None, as_files: bool = False
    ) -> None:
        super().__init__(store=data / f"kit-{protocol}.db", key=key, protocols=(protocol,), test_page=page)
        self._sold = Database(data / f"{protocol}.db", SCHEMA)
        self._seal_key = hashlib.sha256(b"seal " + key.encode()).digest()
        self._market = market
        # License 1.0 expects the text in the answer and has no activity to query it later.
        self._at_once = protocol == "license_v1"
        # No request waits for an upload, and a large file takes long.
        patient = None if market is None or self._at_once else replace(market, timeout=20, tries=3)
        self._deliveries = None if patient is None else Deliveries(data, patient, as_files=as_files)
        self.on_other(GetLicenseAsync)(self.on_license)

    @override
    def on_create(self, command: Create) -> Created:
        bought = purchase_of(command, self._market)
        until = None if bought.expires_at is None else f"{bought.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        instance_id = command.business_id
        self._sold.write(
            "INSERT OR IGNORE INTO sold VALUES (?, ?, ?, ?, 'active')",
            (instance_id, bought.plan, bought.quantity, until),
        )
        if not self._at_once:
            return Created()
        return Created(license=self._issue(instance_id, "", "", bought.expires_at, bought))

    def on_license(self, command: GetLicenseAsync) -> Pending | None:
        """One event with one fingerprint has one license, also for repeated applications. With a market to upload to,
        the upload starts after the answer."""
        instance = self.store.find(command.instance_id)
        if instance is None or instance.state is InstanceState.RELEASED:
            raise Reject("000003", "no such instance")
        if instance.state is InstanceState.FROZEN:
            raise Reject("000901", "the instance is frozen")
        bought = what_is_known(self._sold, instance.instance_id)
        text = self._issue(
            instance.instance_id, command.event_id, command.device_fingerprint, command.expires_at, bought
        )
        if self._deliveries is None:
            return None
        self._deliveries.deliver(command.event_id, text)
        return Pending()

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        # The seller sends nothing here: the licensed software queries its vendor for the current expiry.
        until = f"{command.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        self._sold.write("UPDATE sold SET expires_at = ? WHERE instance_id = ?", (until, instance.instance_id))

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        state = "frozen" if command.status is InstanceStatus.FREEZE else "active"
        self._sold.write("UPDATE sold SET state = ? WHERE instance_id = ?", (state, instance.instance_id))

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self._sold.write("DELETE FROM sold WHERE instance_id = ?", (instance.instance_id,))

    def shown(self) -> list[Table]:
        rows = self._sold.read(
            "SELECT instance_id, product, quantity, expires_at, state, text FROM sold LEFT JOIN license USING (instance_id)"
        )
        return [Table("licenses", ("instance", "plan", "quantity", "expiry", "status", "license"), rows)]

    def _issue(
        self, instance_id: str, event_id: str, fingerprint: str, expires_at: datetime | None, bought: Bought
    ) -> str:
        until = "the order's end" if expires_at is None else f"{expires_at:%Y-%m-%d %H:%M:%S} UTC"
        lines = [
            f"license {instance_id}",
            f"product {bought.plan}",
            f"quantity {bought.quantity or 1}",
            f"until {until}",
        ]
        lines += [f"machine {fingerprint}"] if fingerprint else []
        seal = hmac.digest(self._seal_key, "\n".join(lines).encode(), "sha256").hex()
        key = (instance_id, event_id, fingerprint)
        self._sold.write(
            "INSERT OR IGNORE INTO license VALUES (?, ?, ?, ?)", (*key, "\n".join([*lines, f"seal {seal}"]))
        )
        kept = self._sold.read(
            "SELECT text FROM license WHERE instance_id = ? AND event_id = ? AND fingerprint = ?", key
        )
        return str(kept[0][0])


def what_is_known(sold: Database, instance_id: str) -> Bought:
    rows = sold.read("SELECT product, quantity FROM sold WHERE instance_id = ?", (instance_id,))
    return Bought(*rows[0]) if rows else Bought()
