"""The sample seller's own database of sold accounts. Passwords are stored as scrypt hashes.

The first password is also stored in plain text until the buyer signs in for the first time, because the market queries
it whenever the buyer opens the purchase. Afterwards it cannot be read any more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from database import Database
from orders import Bought

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  instance_id TEXT PRIMARY KEY, user_name TEXT NOT NULL, salt BLOB NOT NULL, password_hash BLOB NOT NULL,
  first_password TEXT NOT NULL, plan TEXT NOT NULL, quantity INTEGER, expires_at TEXT, frozen INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meter (
  number INTEGER PRIMARY KEY, instance_id TEXT NOT NULL UNIQUE, customer TEXT NOT NULL,
  counted INTEGER NOT NULL DEFAULT 0, from_counted INTEGER, related TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS session (
  token_hash BLOB PRIMARY KEY, instance_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE
) WITHOUT ROWID;
"""
# Without letters that look alike, since buyers type it.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


ON_DEMAND, PACKAGE = "ON_DEMAND", "ON_DEMAND_PKG"


@dataclass(frozen=True, slots=True)
class MeteredUsage:
    """Usage for the market: sign-ins, which this sample charges for in on-demand products."""

    value: int
    related: str
    """For a package: the on-demand instance that it is deducted from."""


@dataclass(frozen=True, slots=True)
class Account:
    instance_id: str
    user_name: str
    first_password: str
    plan: str
    quantity: int | None
    expires_at: datetime | None
    frozen: bool


class Accounts(Database):
    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def make(self, instance_id: str, bought: Bought) -> None:
        """Create the account, unless an earlier attempt that crashed has created it."""
        user_name = f"user-{secrets.token_hex(3)}"
        password = "".join(secrets.choice(ALPHABET) for _ in range(14))
        salt = secrets.token_bytes(16)
        self.write(
            "INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                instance_id,
                user_name,
                salt,
                _hash(password, salt),
                password,
                bought.plan,
                bought.quantity,
                _text(bought.expires_at),
            ),
        )

        if bought.mode == ON_DEMAND:
            self.write(
                "INSERT OR IGNORE INTO meter (instance_id, customer) VALUES (?, ?)", (instance_id, bought.customer)
            )
        elif bought.mode == PACKAGE:
            # No protocol names the service of a package: the sample uses the customer's latest on-demand service.
            self.write(
                "INSERT OR IGNORE INTO meter (instance_id, customer, from_counted, related)"
                " SELECT ?, customer, counted, instance_id FROM meter"
                " WHERE customer = ? AND from_counted IS NULL ORDER BY number DESC LIMIT 1",
                (instance_id, bought.customer),
            )

    def used(self, instance_id: str) -> MeteredUsage | None:
        """Return the usage; None for products that are not charged by usage."""
        rows = self.read(
            "SELECT coalesce(source.counted - own.from_counted, own.counted), own.related FROM meter AS own"
            " LEFT JOIN meter AS source ON source.instance_id = own.related WHERE own.instance_id = ?",
            (instance_id,),
        )
        return MeteredUsage(*rows[0]) if rows else None

    def on_demand(self) -> list[str]:
        """Return unreleased on-demand instances without packages."""
        rows = self.read("SELECT instance_id FROM meter JOIN account USING (instance_id) WHERE from_counted IS NULL")
        return [instance_id for (instance_id,) in rows]

    def count(self, instance_id: str, times: int) -> None:
        """Add simulated sign-ins for a demo."""
        self.write("UPDATE meter SET counted = counted + ? WHERE instance_id = ?", (times, instance_id))

    def get(self, instance_id: str) -> Account | None:
        rows = self.read(
            "SELECT instance_id, user_name, first_password, plan, quantity, expires_at, frozen FROM account"
            " WHERE instance_id = ?",
            (instance_id,),
        )
        return _account(rows[0]) if rows else None

    def set_plan(self, instance_id: str, bought: Bought) -> None:
        """Set the plan; an unknown quantity does not change."""
        values = (bought.plan, bought.quantity, instance_id)
        self.write("UPDATE account SET plan = ?, quantity = coalesce(?, quantity) WHERE instance_id = ?", values)

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        self.write("UPDATE account SET expires_at = ? WHERE instance_id = ?", (_text(expires_at), instance_id))

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        self.write("UPDATE account SET frozen = ? WHERE instance_id = ?", (frozen, instance_id))

    def delete(self, instance_id: str) -> None:
        self.write("DELETE FROM account WHERE instance_id = ?", (instance_id,))

    def sign_in(self, instance_id: str, user_name: str, password: str) -> str | None:
        """Return a session token if user name and password are right. The first time, the plain password is deleted."""
        rows = self.read("SELECT user_name, salt, password_hash FROM account WHERE instance_id = ?", (instance_id,))
        if not rows:
            return None
        right_name, salt, right_hash = rows[0]
        # Both are compared, so that the time does not reveal which one was wrong.
        hash_matches = hmac.compare_digest(_hash(password, salt), right_hash)
        if not hmac.compare_digest(user_name.encode(), right_name.encode()) or not hash_matches:
            return None
        token = secrets.token_urlsafe(32)
        self.write("INSERT INTO session VALUES (?, ?)", (_token_hash(token), instance_id))
        self.write("UPDATE account SET first_password = '' WHERE instance_id = ?", (instance_id,))
        self.write("UPDATE meter SET counted = counted + 1 WHERE instance_id = ?", (instance_id,))
        return token

    def signed_in(self, token: str) -> Account | None:
        rows = self.read("SELECT instance_id FROM session WHERE token_hash = ?", (_token_hash(token),))
        return self.get(rows[0][0]) if rows else None

    def sign_out(self, token: str) -> None:
        self.write("DELETE FROM session WHERE token_hash = ?", (_token_hash(token),))


def _account(row: tuple[Any, ...]) -> Account:
    instance_id, user_name, first_password, plan, quantity, expires_at, frozen = row
    moment = datetime.fromisoformat(expires_at) if expires_at else None
    return Account(instance_id, user_name, first_password, plan, quantity, moment, bool(frozen))


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
