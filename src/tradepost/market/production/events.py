"""Events of calls to sellers' production interfaces."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("call_failed", was=("CallFailed",), about=("call",))
class CallFailed(Struct, frozen=True, kw_only=True):
    """An attempt failed (saas-v2 §3.10, §7); the call is retried by its plan."""

    call: int
    attempt: int
    """Attempt number, from 1."""
    verdict: str
    """Result code of the protocol, or name of a ``Fault``."""
    next_at: datetime | None
    """Next attempt."""


@event("call_ended", was=("CallEnded",), about=("call", "subscription"))
class CallEnded(Struct, frozen=True, kw_only=True):
    """A call was answered or given up; a restart may lead to another end."""

    call: int
    kind: str
    """Name of the command."""
    outcome: str
    """``Call.Outcome``: ``done`` or ``gave_up``."""
    subscription: int | None = None
    """None also in events of earlier releases; the call's row has it."""
    purpose: str = "order"
    owner: int | None = None
    """Key of the requesting object, by purpose."""


@event("breaker_opened", was=("BreakerOpened",), about=("address",))
class BreakerOpened(Struct, frozen=True, kw_only=True):
    """An address stopped answering; its calls are held."""

    address: int
    fault: str
    """Name of the last ``Fault``."""
