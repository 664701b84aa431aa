"""What a seller's functions receive and say: the instance as the kit remembers it, an answer, a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tradepost.protocols.commands import CheckChange, Create, Query, Refresh, Release, SetStatus, Upgrade

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tradepost.protocols.commands import AppInfo, Command


class InstanceState(StrEnum):
    """Where an instance is in the kit's register (saas-v2 §3).

    ``PENDING``: accepted, still being provisioned: markets are told 000004. ``ACTIVE``: in use. ``FROZEN``: kept, and nobody may in.
    ``FAILED``: provisioning gave up; ``finish`` may still complete it. ``RELEASED``: deleted.
    """

    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    FAILED = "failed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row of the kit's register (saas-v2 §3.1).

    ``instance_id``: what later calls name. ``order_id`` and ``order_line_id``: of the purchase. ``state``: where it is. ``expires_at``:
    aware UTC, as the last call set it; None when none did. ``app`` and ``license``: what ``Created`` or ``finish`` gave. ``note``: why
    one that failed did.
    """

    instance_id: str
    order_id: str
    order_line_id: str = ""
    state: InstanceState = InstanceState.ACTIVE
    expires_at: datetime | None = None
    app: AppInfo | None = None
    license: str = field(default="", repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """``on_create`` made the instance.

    ``instance_id`` may stay empty: then it is the business id of the first call for the order, as saas-v2 §3.1
    recommends. ``app`` is remembered by the kit and answered to queries, password included, in clear: leave it out and
    write ``on_query`` when your own database holds it. ``license``: the text that License 1.0 delivers (saas-v1-license §B1).
    """

    app: AppInfo | None = None
    instance_id: str = ""
    license: str = field(default="", repr=False)


class Reject(Exception):
    """Raise it in a handler to refuse: ``code`` is a result code of the protocol, ``message`` is sent to the market.

    Only its first 255 characters fit (saas-v2 §3.0). ``retryable`` is for programs that call the handlers themselves:
    no protocol carries it, and markets try again after any code, as long as their plan says (saas-v2 §3.10).
    """

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


class NotOffered(Reject):
    """Nobody wrote the function of an activity: 000002, as to a word that is none of the protocol's (saas-v2 §10).

    ``advice`` is for the seller's log: it names the method to write.
    """

    def __init__(self, activity: str, command: type[Command]) -> None:
        super().__init__(BAD_REQUEST, f"this seller does not offer {activity}", retryable=False)
        self.advice = f"{activity} was asked for, and there is no function for it: {_how_to_write(command)}"


METHODS: Mapping[type[Command], str] = {
    Create: "on_create",
    Query: "on_query",
    Refresh: "on_refresh",
    SetStatus: "on_status",
    Release: "on_release",
    Upgrade: "on_upgrade",
    CheckChange: "on_check_change",
}
"""The methods of ``Seller`` by command."""


def unwritten(command: Command, *_: Instance) -> NotOffered:
    """What a method says that nobody wrote, to a subclass that calls it by ``super()``."""
    kind = type(command)
    return NotOffered(METHODS[kind], kind)


def _how_to_write(command: type[Command]) -> str:
    name = command.__name__
    if command in METHODS:
        return f"write {METHODS[command]} in your Seller, or decorate a function with @seller.on({name})"
    return f"decorate one with @seller.on_other({name})"


NOT_AUTHENTIC = "000001"
BAD_REQUEST = "000002"
NO_SUCH_INSTANCE = "000003"
PROCESSING = "000004"
INTERNAL_ERROR = "000005"
