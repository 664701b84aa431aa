"""The interface of a protocol folder for the market, the kit and the tester.

``registry`` finds every folder ``protocols/<name>/`` whose package has an attribute ``PROTOCOL`` (an instance that
satisfies ``SellerProtocol``). No other file needs an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from .commands import CallResult, ChargingMode, Command, Create, Expire, Outcome, Query, Scene, SetStatus
from .http import Request, Response
from .text import Text


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Retry plan of a failed call. ``poll_every`` replaces ``every`` while the seller's answer is *pending*."""

    every: timedelta
    give_up_after: timedelta
    poll_every: timedelta | None = None
    first_polls: tuple[timedelta, ...] = ()
    """Waits before the first polls, shorter than ``poll_every`` so that buyers of fast sellers do not wait."""
    keeps_order: bool = False
    """After the last retry the order stays open for a manual retry, instead of being refunded."""

    answer_within: timedelta | None = None
    """Timeout of one attempt, if this version's documentation sets one. The market's own setting may be shorter."""
    promises: bool = False
    """*Pending* ends the call: the seller delivers the result with another call (saas-v1-license §B3)."""

    def wait(self, tries: int, *, pending: bool) -> timedelta:
        """Return the wait after attempt number ``tries`` (the first is 1)."""
        if not pending:
            return self.every
        if tries <= len(self.first_polls):
            return self.first_polls[tries - 1]
        return self.poll_every or self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How this version freezes, unfreezes and releases an instance.

    A mode missing in ``freezes_by`` cannot be frozen at the seller. A mode frozen by ``SetStatus`` is unfrozen by
    ``SetStatus``. A mode frozen by ``Expire`` is unfrozen only by a ``Refresh``, and is listed in ``refresh_thaws``.
    """

    freezes_by: Mapping[ChargingMode, type[Expire | SetStatus]] = field(default_factory=dict)
    refresh_thaws: frozenset[ChargingMode] = frozenset()
    release_names_purchase: bool = False
    """Whether a release always names the order of the purchase, rather than only the order of an unsubscription."""
    access_by: type[Create | Query] | None = None
    """Command that returns the current access data when a buyer opens a service; None if the version has none."""
    periods: frozenset[str] = frozenset({"day", "month", "year"})
    """Period types that a request can carry for a sale; trials are not restricted."""
    scenes: frozenset[Scene] = frozenset({Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD})
    """Reasons for a ``Refresh`` that this version can carry. Offers that need another reason cannot be sold with it."""
    refresh_tells_quantity: bool = True
    """Whether the receiver of a ``Refresh`` learns the new quantity from the order that it names."""


FROZEN_BY_STATUS = Life(freezes_by=dict.fromkeys(ChargingMode, SetStatus))
"""For versions that only have a status (saas-v2 §3.4, saas-v1-license B2, B3)."""


@dataclass(frozen=True, slots=True)
class ResultCode:
    code: str
    meaning: Text
    retryable: bool = True


class Denied(Exception):
    """The seller side refuses a request before it runs a handler: invalid signature, stale, or malformed.

    ``code`` is a result code of the protocol. ``message`` is sent to the market and must not contain a secret.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


type NonceSeen = Callable[[str, datetime], bool]
"""Called with a nonce and the time until which it must be remembered; returns True if the nonce was seen before."""


class CommandSet(Protocol):
    """The commands of a protocol, without their wire format."""

    name: str
    """Folder name, such as ``saas_v2``; the value of ``--protocol`` and of the database."""
    activities: Mapping[type[Command], str]
    """Commands of this version with their activity on the wire, such as ``{Create: "newInstance"}``."""
    life: Life
    """How this version freezes, unfreezes and releases instances."""


class SellerProtocol(CommandSet, Protocol):
    """One version of the wire format between a market and a seller's production interface, for both ends."""

    title: Text
    """Display name, such as ``SaaS 2.0``."""
    key_class: str
    """Interface class of the signing key: ``base``, ``kit``, ``license`` or ``notice`` (saas-v2 §1.3)."""
    prefix: str
    """Path that a market inserts between the address and the activity, such as ``/produceAPI/v2/``; empty if all calls
    go to the address itself (openapi-jointkit §A.0)."""
    tells_at_once: bool
    """Whether the answer to a ``Create`` also contains access data or a license."""
    asks_body_sign: bool
    """Whether answers must have ``Body-Sign``. A wrong signature is refused even if it is optional (saas-v1-license
    §0)."""
    retries: Mapping[type[Command], RetryRule]
    result_codes: Mapping[str, ResultCode]
    nonce_kept: timedelta
    """How long a receiver remembers nonces; zero if the version has none."""

    # market side
    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        """Return the signed request. ``nonce``: at least 32 fresh random alphanumerics, the only random input."""
        ...

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        """Verify and parse an answer. Never raises: returns ``Unreachable`` with a fault for an unacceptable answer."""
        ...

    # seller side
    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        """Verify and parse a request. Raises only ``Denied``, with a result code."""
        ...

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        """Return the signed response. ``command``: None if the request was denied. ``nonce``: the random input, as in
        ``encode``."""
        ...
