"""The identity of the market in a database: its mode, fixed at the first start, and a random id.

If a copy of a production market were started as a sandbox, it would call the real sellers and send real mails. The
stored mode prevents that, regardless of the settings."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection

from .errors import Refused
from .models import MarketIdentity, SandboxClock

ID_BYTES = 16
Mode = MarketIdentity.Mode


def mode_of(*, sandbox: bool) -> MarketIdentity.Mode:
    """Return the mode that the settings request."""
    return Mode.SANDBOX if sandbox else Mode.PRODUCTION


def identity() -> MarketIdentity | None:
    """Return the identity, or None before the first start or for a market older than this rule. Needs the table."""
    return MarketIdentity.objects.filter(pk=MarketIdentity.ONLY).first()


def identity_if_any() -> MarketIdentity | None:
    """Return the identity from a database that may have no tables yet, or those of another version."""
    if MarketIdentity._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001
        return None
    return MarketIdentity.objects.only("market_id", "mode").filter(pk=MarketIdentity.ONLY).first()


def mode_conflict(known: MarketIdentity | None, *, sandbox: bool) -> str:
    """Return why this database must not be used in the requested mode and what to do; empty if it may."""
    if known is None or known.mode == mode_of(sandbox=sandbox):
        return ""
    if sandbox:
        return (
            f"This database holds a production market (id {known.market_id}), but sandbox mode was requested. "
            "To run the production market, unset TRADEPOST_SANDBOX. To try things out, choose another folder with "
            "TRADEPOST_DATA and another database with DATABASE_URL."
        )
    return (
        f"This database holds a sandbox (id {known.market_id}), but production mode was requested. "
        "To run the sandbox, set TRADEPOST_SANDBOX=1. A production market needs a new database and a new data folder."
    )


def start_conflict(known: MarketIdentity | None, *, sandbox: bool) -> str:
    """Like ``mode_conflict``, before a start. Without a stored mode, a moved clock identifies a sandbox."""
    if known is not None or sandbox:
        return mode_conflict(known, sandbox=sandbox)
    row = SandboxClock.objects.filter(pk=1).first()
    return WAS_SANDBOX if row is not None and (row.offset or row.target is not None) else ""


WAS_SANDBOX = (
    "This database holds a sandbox: its clock was moved. But production mode was requested. To run the sandbox, set "
    "TRADEPOST_SANDBOX=1. A production market needs a new database and a new data folder."
)


def check_mode(known: MarketIdentity | None, *, sandbox: bool) -> None:
    """Raise ``Refused`` if the database belongs to a market of the other mode."""
    if message := mode_conflict(known, sandbox=sandbox):
        raise Refused("market.other_mode", message)


def ensure_identity(*, sandbox: bool, now: datetime) -> MarketIdentity:
    """Store mode and id unless they are stored. If several processes start at the same time, one stores them for all.

    Raises ``Refused`` if the database belongs to a market of the other mode."""
    market_identity = identity()
    if message := start_conflict(market_identity, sandbox=sandbox):
        raise Refused("market.other_mode", message)
    if market_identity is None:
        row = MarketIdentity(
            pk=MarketIdentity.ONLY, market_id=secrets.token_hex(ID_BYTES), mode=mode_of(sandbox=sandbox), created_at=now
        )
        MarketIdentity.objects.bulk_create([row], ignore_conflicts=True)
        market_identity = MarketIdentity.objects.get(pk=MarketIdentity.ONLY)
        check_mode(market_identity, sandbox=sandbox)  # another process was first, possibly in the other mode
    return market_identity
