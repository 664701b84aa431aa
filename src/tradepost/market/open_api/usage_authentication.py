"""Authentication of usage pushes by the seller's base key and the instances in the body (openapi-jointkit §C.5).

The call names no seller. The keys of owners of the named instances are tried first, then those of other sellers, since
a push with only unknown or foreign instances must be refused record by record (§C.5 rule 1). An additional
``Authorization`` header must be of the same seller.
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
from tradepost.protocols.open_api.usage_items import MAX_ID_LENGTH, LoadedItems, load_items

from .answers import ApiRefused
from .authentication import KEY_LOCKED, Caller, CheckRequest, NotAuthenticated, RequestHead, by_access_key
from .wrong_signatures import WrongSignatures

MAX_OWNERS = 8
"""Maximum number of sellers whose keys are tried. Pushes concern one seller; several are a mistake or an attack."""


MAX_KEYS = 2_000
MAX_HASHED_BYTES = 8_000_000
"""Limits of the search among other sellers: number of keys, and total bytes of body hashed.

A peer with too many failures in a row is locked, so strangers can start the search only a few times.
"""


class UsageCaller(Caller, frozen=True):
    """A caller with the parsed push, which was read to find the caller."""

    loaded: LoadedItems
    nonce: Nonce


def by_base_key(head: RequestHead) -> CheckRequest:
    """Check time, nonce and presence of a signature in the headers. Refuse a peer locked after too many failures."""
    skew = timedelta(seconds=config().open_api.open_api_skew_seconds)
    wrong_signatures = WrongSignatures(head.peer, "base key", now=head.wall, known=True)
    if wait := wrong_signatures.wait:
        raise NotAuthenticated(KEY_LOCKED, retry_after=wait)
    try:
        nonce = usage_push.check_head(head.request, now=head.wall, window=skew)
    except Malformed as refusal:
        raise NotAuthenticated(refusal.detail) from None
    if not (nonce.isascii() and nonce.isprintable()):
        raise NotAuthenticated("the header nonce holds more than printable ASCII")
    if not (head.request.header("signature") or "").strip():
        raise NotAuthenticated("the header signature is missing")
    access_key_check = by_access_key(head) if (head.request.header("Authorization") or "").strip() else None
    stored_nonce = Nonce(text=nonce, until=head.wall + 2 * skew + timedelta(seconds=5))
    return partial(_check, head, access_key_check, stored_nonce, wrong_signatures)


def _check(
    head: RequestHead,
    access_key_check: CheckRequest | None,
    nonce: Nonce,
    wrong_signatures: WrongSignatures,
    request: Request,
) -> UsageCaller:
    claimed_instances = _claimed_instances(request.body)
    access_key_owner = access_key_check(request) if access_key_check else None
    owners = _owners_of(claimed_instances) if access_key_owner is None else [access_key_owner.seller_id]
    by_key: dict[str, int] = {}
    for seller in owners:
        for secret in keys.signing_secrets(seller, SigningKey.InterfaceClass.BASE, now=head.now):
            by_key.setdefault(secret, seller)
    key = usage_push.matching_key(request, list(by_key))
    if key is None and access_key_owner is None:
        by_key = _other_keys(len(request.body), without=owners, now=head.now)
        key = usage_push.matching_key(request, list(by_key))
    if key is None:
        wrong_signatures.add()
        raise NotAuthenticated(
            "no base key of a seller signed this body"
            if access_key_owner is None
            else "the base key of the seller in Authorization did not sign this body"
        )
    wrong_signatures.forget()
    return UsageCaller(by_key[key], f"usage {by_key[key]}", _load(request.body), nonce)


class _RecordName(msgspec.Struct):
    """The relevant part of a record; the rest is skipped."""

    instance_id: object = None


class _RecordList(msgspec.Struct):
    usage_records: list[_RecordName]


_read_names = msgspec.json.Decoder(_RecordList).decode


def _claimed_instances(body: bytes) -> list[str]:
    """Return the distinct instances in an unverified body, whose owners' keys are tried. Raises ``ApiRefused``.

    The body is parsed strictly only after a key matched, or if it is unreadable, so that a large unsigned body costs
    little.
    """
    try:
        records = _read_names(body).usage_records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        records = []
    if not 1 <= len(records) <= usage_push.MAX_RECORDS:
        return list(_load(body).instances())
    return [name for name in dict.fromkeys(_names(records)) if len(name) <= MAX_ID_LENGTH]


def _names(records: Iterable[_RecordName]) -> Iterator[str]:
    """Yield valid names, without texts that cannot be queried, such as half a surrogate pair."""
    for record in records:
        if isinstance(record.instance_id, str) and record.instance_id.isprintable():
            yield record.instance_id


def _load(body: bytes) -> LoadedItems:
    try:
        return load_items(body)
    except BadBody as error:
        raise ApiRefused(usage_push.PARAM_INVALID.code, str(error)) from None


_OWNERS_QUERY = """
SELECT instance_id, seller_id FROM subscriptions_subscription WHERE NOT (instance_id = '') AND {} ORDER BY id
"""


def _owners_of(claimed_instances: Sequence[str]) -> list[int]:
    """Return the owners of the instances, in the order of the body, up to the maximum."""
    sellers: defaultdict[str, list[int]] = defaultdict(list)
    condition, among_parameters = rows.among("instance_id", claimed_instances)
    for instance, seller in rows.run(_OWNERS_QUERY.format(condition), among_parameters):
        sellers[instance].append(seller)
    owners = dict.fromkeys(seller for instance in claimed_instances for seller in sellers[instance])
    return list(owners)[:MAX_OWNERS]


def _other_keys(body: int, *, without: Sequence[int], now: datetime) -> dict[str, int]:
    """Return base keys of other sellers, latest pushers first, as many as the body size permits."""
    max_keys = min(MAX_KEYS, MAX_HASHED_BYTES // max(body, 1))
    pushed_last = dict.fromkeys(Push.objects.order_by("-pk").values_list("seller", flat=True)[:MAX_KEYS])
    other_secrets = keys.signing_secrets_of_all(
        SigningKey.InterfaceClass.BASE, first=list(pushed_last), most=max_keys, now=now
    )
    return {secret: seller for secret, seller in other_secrets if seller not in without}
