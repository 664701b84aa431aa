"""What happens between the market and a seller's production interface."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("call_failed", was=("CallFailed",), about=("call",))
class CallFailed(Struct, frozen=True, kw_only=True):
    """An attempt failed (saas-v2 §3.10, §7); the call goes on by its plan."""

    call: int
    attempt: int
    """Counted from 1."""
    verdict: str
    """A result code of the protocol, or the name of a ``Fault``."""
    next_at: datetime | None
    """When it is tried again."""


@event("call_ended", was=("CallEnded",), about=("call", "subscription"))
class CallEnded(Struct, frozen=True, kw_only=True):
    """A call was answered, or given up; a restart may follow, and another end."""

    call: int
    kind: str
    """Name of the command."""
    outcome: str
    """``Call.Outcome``: ``done`` or ``gave_up``."""
    subscription: int | None = None
    """None also where an earlier release did not say whose it was: the call's row does."""
    purpose: str = "order"
    owner: int | None = None
    """Key of what the call was asked for, by its purpose."""


@event("breaker_opened", was=("BreakerOpened",), about=("address",))
class BreakerOpened(Struct, frozen=True, kw_only=True):
    """An address stopped answering: its calls wait."""

    address: int
    fault: str
    """Name of the last ``Fault``."""
