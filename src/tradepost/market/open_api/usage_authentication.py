"""Who pushes usage: the seller whose base key signed the body, found by the instances that it names (openapi-jointkit §C.5).

The call names no seller. So the keys of a few owners of the claimed instances are tried; what it says of the instances of others
is refused record by record later. An ``Authorization`` header beside the signature must be that of the same seller.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from tradepost.market.base import rows
from tradepost.market.base.config import config
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.metering.intake import Nonce
from tradepost.protocols.http import Request
from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.bodies import ApiRefused as Malformed
from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.usage_items import Loaded, load_each

from .answers import ApiRefused
from .authentication import Caller, CheckWhole, Head, NotAuthenticated, by_access_key
from .throttle import lockout

MOST_OWNERS = 8
"""Sellers whose keys are tried. A push is of one seller; more are named by mistake, or by somebody who tries."""


@dataclass(frozen=True, slots=True)
class UsageCaller(Caller):
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
    try:
        loaded = load_each(request.body)
    except BadBody as error:
        raise ApiRefused(usage_push.PARAM_INVALID.code, str(error)) from None
    signed = also(request) if also else None
    owners = _owners(loaded) if signed is None else [signed.seller_id]
    by_key: dict[str, int] = {}
    for seller in owners:
        for secret in keys.signing_secrets(seller, SigningKey.InterfaceClass.BASE, now=head.now):
            by_key.setdefault(secret, seller)
    key = usage_push.matching_key(request, list(by_key))
    who = f"{head.peer} base key"
    if key is None:
        lockout().failed(who, now=head.wall)
        raise NotAuthenticated(
            "no base key of a seller of these instances signed this body"
            if signed is None
            else "the base key of the seller in Authorization did not sign this body"
        )
    lockout().succeeded(who)
    return UsageCaller(by_key[key], f"usage {by_key[key]}", loaded, nonce)


_OWNERS = """
SELECT instance_id, seller_id FROM subscriptions_subscription WHERE NOT (instance_id = '') AND {} ORDER BY id
"""


def _owners(loaded: Loaded) -> list[int]:
    """Those of the instances that are named first."""
    claimed = loaded.instances()
    sellers: defaultdict[str, list[int]] = defaultdict(list)
    condition, among = rows.among("instance_id", claimed)
    for instance, seller in rows.run(_OWNERS.format(condition), among):
        sellers[instance].append(seller)
    named = dict.fromkeys(seller for instance in claimed for seller in sellers[instance])
    return list(named)[:MOST_OWNERS]
