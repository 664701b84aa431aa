"""Authentication of callers. Here by a seller's access key (openapi-jointkit §C.1); APIs may use other ways.

An unknown access key and a wrong secret take equally long and get the same answer, so that nobody can find out which
keys exist.
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
from tradepost.market.base.secrets import unseal_cached
from tradepost.market.identity import throttling
from tradepost.market.identity.models import AccessKey
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import RefusalReason, SignatureRefused, read_authorization, verify

from .wrong_signatures import WrongSignatures

STAMP_INTERVAL = timedelta(minutes=1)
"""Precision of ``last_used_at``. Writing on every request would turn all reads into writes."""
_UNKNOWN_KEY_SECRET = ids.secret()


class NotAuthenticated(Exception):
    """The caller is not authenticated. ``detail``: may be shown to the caller. ``retry_after``: seconds until a lock
    ends."""

    def __init__(self, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Caller(Struct, frozen=True):
    """An authenticated caller. ``key``: identifies the caller for rate limits."""

    seller_id: int
    key: str

    @property
    def sender(self) -> str:
        """The sender for fair scheduling of requests (``web/lanes.py``)."""
        return f"seller {self.seller_id}"


class RequestHead(Struct, frozen=True):
    """A request before its body is read, with empty ``request.body``.

    ``wall``: real time, for the age of signatures; ``now``: market time, for the validity of keys; ``peer``: the
    client's address; ``is_large``: the body is too large for an unknown caller, who is then refused immediately.
    """

    request: Request
    peer: str
    wall: datetime
    now: datetime
    is_large: bool = False


class CheckSignature(Protocol):
    """A ``CheckRequest`` for AK/SK that also accepts a body outside memory by its hash.

    ``body_hash``: SHA-256 in hex, computed or, for a body still to come, as stated in the headers.
    """

    def __call__(self, request: Request, *, body_hash: str | None = None) -> Caller: ...


type CheckRequest = Callable[[Request], Caller]
"""Returns the caller of a full request. Raises ``NotAuthenticated``."""

type Authentication = Callable[[RequestHead], CheckRequest]
"""Authenticates callers of an API in two steps.

It checks the headers before the body is read, and returns a check of the full request. Both raise ``NotAuthenticated``.
"""


def by_access_key(head: RequestHead) -> CheckSignature:
    """Authenticate by AK/SK, with this market's settings."""
    return check_access_key(head, skew=timedelta(seconds=config().open_api.open_api_skew_seconds))


class ValidKey(NamedTuple):
    """A valid access key with its owner. ``stamp``: records its use."""

    sealed: str
    caller: Caller
    stamp: Callable[[datetime], None]


type FindKey = Callable[[str, datetime, WrongSignatures], ValidKey | None]
"""Returns the key with this name if it is valid at a market time. The same query reads the caller's wrong
signatures."""


def check_access_key(
    head: RequestHead, *, skew: timedelta, find: FindKey | None = None
) -> CheckSignature:  # fmt: skip
    """Authenticate by AK/SK. The caller is the owner of the access key: a seller, unless ``find`` returns another.

    Locks apply to an access key from one peer, so that strangers cannot lock out a seller. An unknown key is reported
    only after the body, like a wrong secret, unless the body is large.
    """
    try:
        access_key = read_authorization(head.request.header("Authorization")).access
    except SignatureRefused as refusal:
        raise NotAuthenticated(refusal.detail) from None
    wrong_signatures = WrongSignatures(head.peer, access_key[:64], now=head.wall)
    is_plausible = access_key.isascii() and access_key.isalnum()  # other names are no keys and need no query
    key = (find or _key_of_seller)(access_key, head.now, wrong_signatures) if is_plausible else None
    if wait := wrong_signatures.wait:
        raise NotAuthenticated(KEY_LOCKED, retry_after=wait)
    if key is None and head.is_large:
        raise NotAuthenticated(_UNKNOWN_OR_WRONG)

    def check(request: Request, *, body_hash: str | None = None) -> Caller:
        secret = unseal_cached(key.sealed) if key else _UNKNOWN_KEY_SECRET
        try:
            verify(request, sk=secret, now=head.wall, skew=skew, body_hash=body_hash)
        except SignatureRefused as refusal:
            if refusal.reason is RefusalReason.WRONG:  # a guess; a wrong clock does not lock
                wrong_signatures.add()
            raise NotAuthenticated(_detail(refusal)) from None
        if key is None:  # only if a random secret was guessed
            raise NotAuthenticated(_UNKNOWN_OR_WRONG)
        wrong_signatures.forget()
        key.stamp(head.now)
        return key.caller

    return check


KEY_LOCKED = "locked after too many wrong signatures in a row"
_UNKNOWN_OR_WRONG = "the access key is unknown, or its secret did not sign this request"


def _detail(refused: SignatureRefused) -> str:
    return _UNKNOWN_OR_WRONG if refused.reason is RefusalReason.WRONG else refused.detail


class _Key(NamedTuple):
    pk: int
    seller_id: int
    sealed: str
    last_used_at: datetime | None
    wrong_number: int | None
    wrong_until: datetime | None


_valid_keys = Prepared(
    (models.CharField(), models.DateTimeField(), models.CharField()),
    lambda access_key, now, counted: (
        AccessKey.objects.filter(access_key=access_key)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .annotate(**throttling.columns(counted))
        .values_list(*_Key._fields)
    ),
)


def _key_of_seller(access_key: str, now: datetime, wrong_signatures: WrongSignatures) -> ValidKey | None:
    key = next(map(_Key._make, _valid_keys(access_key, now, wrong_signatures.counted)), None)
    if key is None:
        return None
    wrong_signatures.given(key.wrong_number, key.wrong_until)
    return ValidKey(key.sealed, Caller(key.seller_id, access_key), partial(_stamp, key))


def _stamp(key: _Key, now: datetime) -> None:
    if is_stamp_due(key.last_used_at, now):
        AccessKey.objects.filter(pk=key.pk).update(last_used_at=now)


def is_stamp_due(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= STAMP_INTERVAL
