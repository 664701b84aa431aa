"""Who calls. Here: the seller whose access key signed the request (openapi-jointkit §C.1); an API may have another way.

An unknown access key and a wrong secret cost the same work and get the same answer, so that nobody learns which keys exist.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from django.db import models
from django.db.models import Q
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.prepared import Prepared
from tradepost.market.base.secrets import opened
from tradepost.market.identity.models import AccessKey
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import Reason, SignatureRefused, read_authorization, verify

from .throttle import Lockout, lockout

STAMP_EVERY = timedelta(minutes=1)
"""How exact ``last_used_at`` is: a write for each request would make every reader a writer."""
_NOBODY = ids.secret()


class NotAuthenticated(Exception):
    """``detail`` may be answered. ``retry_after``: seconds until a locked caller may try again."""

    def __init__(self, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Caller(Struct, frozen=True):
    """``key``: what the caller's requests are counted by."""

    seller_id: int
    key: str

    @property
    def sender(self) -> str:
        """Whose turn a request has (``web/lanes.py``)."""
        return f"seller {self.seller_id}"


class Head(Struct, frozen=True):
    """A request before its body is read: ``request.body`` is empty. ``wall`` is real time, by which signatures age;
    ``now`` the market's, by which keys live; ``peer`` the address that the request came from; ``is_large``: its body is
    larger than anybody may send, so a caller who is not known is refused now."""

    request: Request
    peer: str
    wall: datetime
    now: datetime
    is_large: bool = False


class CheckSigned(Protocol):
    """``CheckWhole`` of AK/SK, also for a body that is not held in memory: ``body_hash`` is its SHA-256 in hex, or what the head
    states of one that is still to come."""

    def __call__(self, request: Request, *, body_hash: str | None = None) -> Caller: ...


type CheckWhole = Callable[[Request], Caller]
"""Given the whole request: whose it is. Raises ``NotAuthenticated``."""

type Authentication = Callable[[Head], CheckWhole]
"""How the callers of an API say who they are. What the head alone tells is refused before the body is read (by raising
``NotAuthenticated``); the check that comes back is given the whole request."""


def by_access_key(head: Head) -> CheckSigned:
    """AK/SK, with this process's lock and settings."""
    return check_access_key(head, lockout=lockout(), skew=timedelta(seconds=config().open_api_skew_seconds))


class FoundKey(NamedTuple):
    """A living access key, whoever's it is. ``stamp`` notes that it was used."""

    sealed: str
    caller: Caller
    stamp: Callable[[datetime], None]


type FindKey = Callable[[str, datetime], FoundKey | None]
"""The key of this name that lives at a time of the market."""


def check_access_key(
    head: Head, *, lockout: Lockout, skew: timedelta, find: FindKey | None = None
) -> CheckSigned:  # fmt: skip
    """AK/SK: the caller is whose access key signed the request; a seller, where ``find`` does not say otherwise.

    The lock holds for an access key from one peer: else a stranger who knows a seller's access key could lock the seller
    out. The key is looked up here; that it is unknown shows only after the body, as a wrong secret does, unless the body
    is a large one.
    """
    try:
        access_key = read_authorization(head.request.header("Authorization")).access
    except SignatureRefused as refused:
        raise NotAuthenticated(refused.detail) from None
    who = f"{head.peer} {access_key[:64]}"
    if wait := lockout.wait(who, now=head.wall):
        raise NotAuthenticated("locked after too many wrong signatures in a row", retry_after=wait)
    named = access_key.isascii() and access_key.isalnum()  # else no key of ours, and nothing to ask a database about
    key = (find or _key_of_seller)(access_key, head.now) if named else None
    if key is None and head.is_large:
        raise NotAuthenticated(_UNKNOWN_OR_WRONG)

    def check(request: Request, *, body_hash: str | None = None) -> Caller:
        secret = opened(key.sealed) if key else _NOBODY
        try:
            verify(request, sk=secret, now=head.wall, skew=skew, body_hash=body_hash)
        except SignatureRefused as refused:
            if refused.reason is Reason.WRONG:  # a guess at a key; a clock that is wrong locks nobody out
                lockout.failed(who, now=head.wall)
            raise NotAuthenticated(_detail(refused)) from None
        if key is None:  # only by the chance of guessing a random secret
            raise NotAuthenticated(_UNKNOWN_OR_WRONG)
        lockout.succeeded(who)
        key.stamp(head.now)
        return key.caller

    return check


_UNKNOWN_OR_WRONG = "the access key is unknown, or its secret did not sign this request"


def _detail(refused: SignatureRefused) -> str:
    return _UNKNOWN_OR_WRONG if refused.reason is Reason.WRONG else refused.detail


class _Key(NamedTuple):
    pk: int
    seller_id: int
    sealed: str
    last_used_at: datetime | None


_living_keys = Prepared(
    (models.CharField(), models.DateTimeField()),
    lambda access_key, now: (
        AccessKey.objects.filter(access_key=access_key)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .values_list(*_Key._fields)
    ),
)


def _key_of_seller(access_key: str, now: datetime) -> FoundKey | None:
    key = next(map(_Key._make, _living_keys(access_key, now)), None)
    if key is None:
        return None
    return FoundKey(key.sealed, Caller(key.seller_id, access_key), partial(_stamp, key))


def _stamp(key: _Key, now: datetime) -> None:
    if is_stamp_due(key.last_used_at, now):
        AccessKey.objects.filter(pk=key.pk).update(last_used_at=now)


def is_stamp_due(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= STAMP_EVERY
