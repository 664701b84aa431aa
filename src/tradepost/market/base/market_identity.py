"""Which market a database holds: its mode, fixed at its first start, and a random id.

A copy of a production market that is started as a sandbox would call the sellers, and send the mails, of the real one. The
mode in the database refuses that, whatever the settings say.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection

from .errors import Refused
from .models import MarketIdentity, SandboxClock

ID_BYTES = 16
Mode = MarketIdentity.Mode


def mode_of(*, sandbox: bool) -> MarketIdentity.Mode:
    """The mode that settings ask for."""
    return Mode.SANDBOX if sandbox else Mode.PRODUCTION


def identity() -> MarketIdentity | None:
    """None before the first start, and for a market from before this rule. Needs the table."""
    return MarketIdentity.objects.filter(pk=MarketIdentity.ONLY).first()


def identity_if_any() -> MarketIdentity | None:
    """The same for a database that may have no tables yet, or those of another version."""
    if MarketIdentity._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001
        return None
    return MarketIdentity.objects.only("market_id", "mode").filter(pk=MarketIdentity.ONLY).first()


def other_mode(known: MarketIdentity | None, *, sandbox: bool) -> str:
    """Why this database must not be used in the mode that was asked for, and what to do; empty when it may."""
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


def wrong_mode(known: MarketIdentity | None, *, sandbox: bool) -> str:
    """The same before a start. Without a stored mode a moved clock shows a sandbox: only a sandbox moves it."""
    if known is not None or sandbox:
        return other_mode(known, sandbox=sandbox)
    row = SandboxClock.objects.filter(pk=1).first()
    return WAS_SANDBOX if row is not None and (row.offset or row.target is not None) else ""


WAS_SANDBOX = (
    "This database holds a sandbox: its clock was moved. But production mode was requested. To run the sandbox, set "
    "TRADEPOST_SANDBOX=1. A production market needs a new database and a new data folder."
)


def must_be_mode(known: MarketIdentity | None, *, sandbox: bool) -> None:
    """Raise ``Refused`` when the database belongs to a market of the other mode."""
    if words := other_mode(known, sandbox=sandbox):
        raise Refused("market.other_mode", words)


def remember(*, sandbox: bool, now: datetime) -> MarketIdentity:
    """Store mode and id unless they are stored. Of processes that start at the same time, one stores them for all.

    Raises ``Refused`` when the database belongs to a market of the other mode.
    """
    known = identity()
    if words := wrong_mode(known, sandbox=sandbox):
        raise Refused("market.other_mode", words)
    if known is None:
        row = MarketIdentity(
            pk=MarketIdentity.ONLY, market_id=secrets.token_hex(ID_BYTES), mode=mode_of(sandbox=sandbox), created_at=now
        )
        MarketIdentity.objects.bulk_create([row], ignore_conflicts=True)
        known = MarketIdentity.objects.get(pk=MarketIdentity.ONLY)
        must_be_mode(known, sandbox=sandbox)  # another process was first, in the other mode
    return known
