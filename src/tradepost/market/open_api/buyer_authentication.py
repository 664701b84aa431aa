"""AK/SK of buyers: the caller is the buyer whose access key signed the request, with the rights of that key."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import models

from tradepost.market.base.config import config
from tradepost.market.base.prepared import Prepared
from tradepost.market.identity.buyer_key_models import BuyerKey

from .authentication import Caller, CheckSigned, FoundKey, Head, check_access_key, is_stamp_due
from .throttle import lockout


class BuyerCaller(Caller, frozen=True, kw_only=True):
    """A buyer's program; ``seller_id`` is 0."""

    buyer_id: int
    rights: frozenset[str]

    @property
    def sender(self) -> str:
        return f"user {self.buyer_id}"


class _Key(NamedTuple):
    pk: int
    user_id: int
    access_key: str
    sealed: str
    rights: list[str]
    last_used_at: datetime | None


_living_keys = Prepared(
    (models.CharField(), models.DateTimeField()),
    lambda access_key, now: BuyerKey.objects.filter(
        access_key=access_key, disabled_at=None, expires_at__gt=now, user__is_active=True
    ).values_list(*_Key._fields),
)


def by_buyer_key(head: Head) -> CheckSigned:
    """AK/SK, with this process's lock and settings. Disabled and expired keys, and keys of locked accounts, do not exist."""
    skew = timedelta(seconds=config().open_api_skew_seconds)
    return check_access_key(head, lockout=lockout(), skew=skew, find=_find)


def _find(access_key: str, now: datetime) -> FoundKey | None:
    key = next(map(_Key._make, _living_keys(access_key, now)), None)
    if key is None:
        return None
    caller = BuyerCaller(0, key.access_key, buyer_id=key.user_id, rights=frozenset(key.rights))
    return FoundKey(key.sealed, caller, partial(_stamp, key))


def _stamp(key: _Key, now: datetime) -> None:
    if is_stamp_due(key.last_used_at, now):
        BuyerKey.objects.filter(pk=key.pk).update(last_used_at=now)
