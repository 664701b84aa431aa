"""Who pushes usage: the seller whose base key signed the body, found by the instances that it names (openapi-jointkit §C.5).

The call names no seller. So the keys of a few owners of the claimed instances are tried, and then those of other sellers: a push
that names unknown instances alone is refused record by record like every other (§C.5 rule 1), and so is what it says of the
instances of others. An ``Authorization`` header beside the signature must be that of the same seller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from tradepost.market.base import rows
from tradepost.market.base.config import config
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.metering.intake import Nonce
from tradepost.market.metering.models import Push
from tradepost.protocols.http import Request
from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.bodies import ApiRefused as Malformed
from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.usage_items import LONGEST, Loaded, load_each

from .answers import ApiRefused
from .authentication import Caller, CheckWhole, Head, NotAuthenticated, by_access_key
from .throttle import lockout

MOST_OWNERS = 8
"""Sellers whose keys are tried. A push is of one seller; more are named by mistake, or by somebody who tries."""


MOST_KEYS = 2_000
MOST_HASHED = 8_000_000
"""Limits of the search among sellers who own none of the named instances: keys, and bytes of body in all. A peer that is wrong
too often in a row is locked, so a stranger can start it a few times only."""


class UsageCaller(Caller, frozen=True):
    """With the push, which had to be read to find whose it is."""

    loaded: Loaded
    nonce: Nonce


def by_base_key(head: Head) -> CheckWhole:
    """Time, nonce and a signature are looked for in the head. A peer that was wrong too often in a row waits."""
    skew = timedelta(seconds=config().open_api_skew_seconds)
    who = f"{head.peer} base key"
    if wait := lockout().wait(who, now=head.wall):
        raise NotAuthenticated("locked after too many wrong signatures in a row", retry_after=wait)
    try:
        nonce = usage_push.check_head(head.request, now=head.wall, window=skew)
    except Malformed as refused:
        raise NotAuthenticated(refused.detail) from None
    if not (nonce.isascii() and nonce.isprintable()):
        raise NotAuthenticated("the header nonce holds more than printable ASCII")
    if not (head.request.header("signature") or "").strip():
        raise NotAuthenticated("the header signature is missing")
    also = by_access_key(head) if (head.request.header("Authorization") or "").strip() else None
    kept = Nonce(text=nonce, until=head.wall + 2 * skew + timedelta(seconds=5))
    return partial(_check, head, also, kept)


def _check(head: Head, also: CheckWhole | None, nonce: Nonce, request: Request) -> UsageCaller:
    claimed = _claimed(request.body)
    signed = also(request) if also else None
    owners = _owners(claimed) if signed is None else [signed.seller_id]
    by_key: dict[str, int] = {}
    for seller in owners:
        for secret in keys.signing_secrets(seller, SigningKey.InterfaceClass.BASE, now=head.now):
            by_key.setdefault(secret, seller)
    key = usage_push.matching_key(request, list(by_key))
    if key is None and signed is None:
        by_key = _other_keys(len(request.body), without=owners, now=head.now)
        key = usage_push.matching_key(request, list(by_key))
    who = f"{head.peer} base key"
    if key is None:
        lockout().failed(who, now=head.wall)
        raise NotAuthenticated(
            "no base key of a seller signed this body"
            if signed is None
            else "the base key of the seller in Authorization did not sign this body"
        )
    lockout().succeeded(who)
    return UsageCaller(by_key[key], f"usage {by_key[key]}", _load(request.body), nonce)


class _Named(msgspec.Struct):
    """Of a record only what it is about: the rest is skipped unread."""

    instance_id: object = None


class _Listed(msgspec.Struct):
    usage_records: list[_Named]


_read_names = msgspec.json.Decoder(_Listed).decode


def _claimed(body: bytes) -> list[str]:
    """The instances that an unverified body names, each once: whose keys to try. It is read strictly once a key fits, or when it
    cannot be read at all. So a large body that nobody signed costs little. Raises ``ApiRefused``."""
    try:
        listed = _read_names(body).usage_records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        listed = []
    if not 1 <= len(listed) <= usage_push.MAX_RECORDS:
        return list(_load(body).instances())
    return [name for name in dict.fromkeys(_names(listed)) if len(name) <= LONGEST]


def _names(listed: Iterable[_Named]) -> Iterator[str]:
    """Without what could not be asked for, as half a surrogate pair."""
    for one in listed:
        if isinstance(one.instance_id, str) and one.instance_id.isprintable():
            yield one.instance_id


def _load(body: bytes) -> Loaded:
    try:
        return load_each(body)
    except BadBody as error:
        raise ApiRefused(usage_push.PARAM_INVALID.code, str(error)) from None


_OWNERS = """
SELECT instance_id, seller_id FROM subscriptions_subscription WHERE NOT (instance_id = '') AND {} ORDER BY id
"""


def _owners(claimed: Sequence[str]) -> list[int]:
    """Those of the instances that are named first."""
    sellers: defaultdict[str, list[int]] = defaultdict(list)
    condition, among = rows.among("instance_id", claimed)
    for instance, seller in rows.run(_OWNERS.format(condition), among):
        sellers[instance].append(seller)
    named = dict.fromkeys(seller for instance in claimed for seller in sellers[instance])
    return list(named)[:MOST_OWNERS]


def _other_keys(body: int, *, without: Sequence[int], now: datetime) -> dict[str, int]:
    """Base keys of other sellers, those that pushed last first, as many as a body of this size allows."""
    most = min(MOST_KEYS, MOST_HASHED // max(body, 1))
    pushed_last = dict.fromkeys(Push.objects.order_by("-pk").values_list("seller", flat=True)[:MOST_KEYS])
    found = keys.signing_secrets_of_all(SigningKey.InterfaceClass.BASE, first=list(pushed_last), most=most, now=now)
    return {secret: seller for secret, seller in found if seller not in without}
