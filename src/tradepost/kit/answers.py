"""Arguments and results of a seller's functions: an instance in the kit's register, a created instance, a refusal."""

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
    """State of an instance in the kit's register (saas-v2 §3).

    ``PENDING``: accepted and being provisioned; markets receive 000004. ``ACTIVE``: in use. ``FROZEN``: data kept,
    access blocked. ``FAILED``: provisioning failed; ``finish`` may still complete it. ``RELEASED``: deleted.
    """

    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    FAILED = "failed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A row of the kit's register (saas-v2 §3.1).

    ``instance_id``: named by later calls. ``order_id`` and ``order_line_id``: of the purchase. ``state``: the current
    state. ``expires_at``: aware UTC, from the last call that set it; None if none did. ``app`` and ``license``: from
    ``Created`` or ``finish``. ``note``: why provisioning failed.
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
    """Result of ``on_create``.

    ``instance_id``: if empty, the business ID of the first call for the order, as saas-v2 §3.1 recommends. ``app``:
    stored by the kit and returned to queries, including the password in plain text. Omit it and write ``on_query`` if
    your own database has it. ``license``: the text that License 1.0 delivers (saas-v1-license §B1).
    """

    app: AppInfo | None = None
    instance_id: str = ""
    license: str = field(default="", repr=False)


class Reject(Exception):
    """Raise it in a handler to refuse. ``code``: a result code of the protocol. ``message``: sent to the market.

    The market receives the first 255 characters (saas-v2 §3.0). ``retryable``: only for programs that call the handlers
    directly. No protocol carries it, and markets retry after any code until their plan ends (saas-v2 §3.10).
    """

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


class NotOffered(Reject):
    """The seller has no function for an activity: 000002, as for an unknown activity (saas-v2 §10).

    ``advice``: for the seller's log; names the method to write.
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
"""Methods of ``Seller`` by command."""


def missing_method(command: Command, *_: Instance) -> NotOffered:
    """Return the error of a method that the seller has not written, also if a subclass calls it by ``super()``."""
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
