"""What a protocol folder provides, so that market, kit and check need to know nothing else about it.

A folder ``protocols/<name>/`` whose package has an attribute ``PROTOCOL`` (an instance that satisfies ``SellerProtocol``)
is found by ``registry``; nothing else has to be edited.
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
    """When a failed call is tried again. ``poll_every`` is used instead of ``every`` while the seller says *pending*."""

    every: timedelta
    give_up_after: timedelta
    poll_every: timedelta | None = None
    first_polls: tuple[timedelta, ...] = ()
    """Waits before the first polls, shorter than the steady pace so that a fast seller's buyer does not wait."""
    keeps_order: bool = False
    """After the plan the order stays with the seller, for a restart by hand, instead of being refunded."""

    answer_within: timedelta | None = None
    """Timeout of one attempt, where this version's documentation sets one. The market's own setting may be shorter."""
    promises: bool = False
    """*Pending* ends the call: what the seller accepted comes by another way (saas-v1-license §B3)."""

    def wait(self, tries: int, *, pending: bool) -> timedelta:
        """How long to wait after try number ``tries`` (counted from 1)."""
        if not pending:
            return self.every
        if tries <= len(self.first_polls):
            return self.first_polls[tries - 1]
        return self.poll_every or self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How this version freezes, thaws and releases an instance: all that a market needs to know of the differences.

    A mode that is missing in ``freezes_by`` cannot be frozen at the seller. Every mode that is frozen by ``SetStatus`` is
    thawed by it; one that is frozen by ``Expire`` is thawed by a ``Refresh`` alone, and stands in ``refresh_thaws``.
    """

    freezes_by: Mapping[ChargingMode, type[Expire | SetStatus]] = field(default_factory=dict)
    refresh_thaws: frozenset[ChargingMode] = frozenset()
    release_names_purchase: bool = False
    """Whether a release names the order of the purchase in every case, and not only that of an unsubscription."""
    access_by: type[Create | Query] | None = None
    """What a seller is asked when a buyer opens a service, to learn the current access data; None where nothing tells them."""
    periods: frozenset[str] = frozenset({"day", "month", "year"})
    """By which a request can say that something is sold; of trials this says nothing."""
    scenes: frozenset[Scene] = frozenset({Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD})
    """Why a ``Refresh`` may come. For another reason this version has no word, so that nothing may be sold for it."""
    refresh_tells_quantity: bool = True
    """Whether who gets a ``Refresh`` learns the quantity that is held from then on: it stands in the order that it names."""


FROZEN_BY_STATUS = Life(freezes_by=dict.fromkeys(ChargingMode, SetStatus))
"""Of the versions whose only word for it is a status (saas-v2 §3.4, saas-v1-license B2, B3)."""


@dataclass(frozen=True, slots=True)
class ResultCode:
    code: str
    meaning: Text
    retryable: bool = True


class Denied(Exception):
    """The seller side refuses a request before any handler runs: wrong signature, stale, malformed.

    ``code`` is a result code of the protocol; ``message`` is sent to the market, so it holds no secret.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


type NonceSeen = Callable[[str, datetime], bool]
"""Called with a nonce and the time until which it must be remembered; True when it was seen before."""


class Spoken(Protocol):
    """What can be said to whoever makes an instance, without how it is said."""

    name: str
    """Folder name, for example ``saas_v2``; what ``--protocol`` and the database hold."""
    activities: Mapping[type[Command], str]
    """Commands of this version with their word on the wire, for example ``{Create: "newInstance"}``."""
    life: Life
    """What freezing, thawing and releasing mean in this version."""


class SellerProtocol(Spoken, Protocol):
    """One version of the wire between a market and a seller's production interface, both ends."""

    title: Text
    """Name for people, for example ``SaaS 2.0``."""
    key_class: str
    """Interface class of the signing key: ``base``, ``kit``, ``license`` or ``notice`` (saas-v2 §1.3)."""
    prefix: str
    """What a market appends to the path of the address, in front of the activity's word, such as ``/produceAPI/v2/``;
    empty where all calls come to the address itself (openapi-jointkit §A.0)."""
    tells_at_once: bool
    """Whether the answer to a ``Create`` holds more than the instance's id: its access data, or a license."""
    asks_body_sign: bool
    """Whether answers must carry ``Body-Sign``; where they need not, a wrong one is refused all the same (saas-v1-license §0)."""
    retries: Mapping[type[Command], RetryRule]
    result_codes: Mapping[str, ResultCode]
    nonce_kept: timedelta
    """How long a receiver remembers nonces; zero when the version has none."""

    # market side
    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        """The signed request. ``nonce`` is 32 or more fresh random alphanumerics, the only source of chance."""
        ...

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        """Verify and parse an answer. Never raises: what cannot be accepted is an ``Unreachable`` with its fault."""
        ...

    # seller side
    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        """Verify a request and parse it. Raises ``Denied`` with a result code; never anything else."""
        ...

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        """The signed response. ``command`` is None when the request was denied. ``nonce``: chance, as in encode."""
        ...
