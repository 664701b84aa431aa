"""What a seller's functions receive and say: the instance as the kit remembers it, an answer, a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tradepost.protocols.commands import AppInfo


class InstanceState(StrEnum):
    PENDING = "pending"
    """Accepted, still being provisioned: markets are told 000004."""
    ACTIVE = "active"
    FROZEN = "frozen"
    FAILED = "failed"
    """Provisioning gave up; ``finish`` may still complete it."""
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row of the kit's register. ``note`` says why a failed instance failed."""

    instance_id: str
    order_id: str
    order_line_id: str = ""
    state: InstanceState = InstanceState.ACTIVE
    expires_at: datetime | None = None
    app: AppInfo | None = None
    license: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """``on_create`` made the instance.

    ``instance_id`` may stay empty: then it is the business id of the first call for the order, as saas-v2 §3.1
    recommends. ``app`` is remembered by the kit and answered to queries, password included, in clear: leave it out and
    write ``on_query`` when your own database holds it. ``license`` is for protocols that deliver one.
    """

    app: AppInfo | None = None
    instance_id: str = ""
    license: str = ""


class Reject(Exception):
    """Raise it in a handler to refuse: ``code`` is a result code of the protocol, ``message`` is sent to the market."""

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


NOT_AUTHENTIC = "000001"
BAD_REQUEST = "000002"
NO_SUCH_INSTANCE = "000003"
PROCESSING = "000004"
INTERNAL_ERROR = "000005"
