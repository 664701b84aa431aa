"""Authenticate buyers' programs by AK/SK, with the permissions of the access key."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import models

from tradepost.market.base.config import config
from tradepost.market.base.prepared import Prepared
from tradepost.market.identity import throttling
from tradepost.market.identity.buyer_key_models import BuyerKey

from .authentication import Caller, CheckSignature, RequestHead, ValidKey, check_access_key, is_stamp_due
from .wrong_signatures import WrongSignatures


class BuyerCaller(Caller, frozen=True, kw_only=True):
    """A buyer's program. ``seller_id`` is 0."""

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
    wrong_number: int | None
    wrong_until: datetime | None


_valid_keys = Prepared(
    (models.CharField(), models.DateTimeField(), models.CharField()),
    lambda access_key, now, counted: (
        BuyerKey.objects.filter(access_key=access_key, disabled_at=None, expires_at__gt=now, user__is_active=True)
        .annotate(**throttling.columns(counted))
        .values_list(*_Key._fields)
    ),
)


def by_buyer_key(head: RequestHead) -> CheckSignature:
    """Authenticate by AK/SK. Disabled and expired keys, and keys of locked accounts, are unknown."""
    skew = timedelta(seconds=config().open_api.open_api_skew_seconds)
    return check_access_key(head, skew=skew, find=_find)


def _find(access_key: str, now: datetime, wrong_signatures: WrongSignatures) -> ValidKey | None:
    key = next(map(_Key._make, _valid_keys(access_key, now, wrong_signatures.counted)), None)
    if key is None:
        return None
    wrong_signatures.given(key.wrong_number, key.wrong_until)
    caller = BuyerCaller(0, key.access_key, buyer_id=key.user_id, rights=frozenset(key.rights))
    return ValidKey(key.sealed, caller, partial(_stamp, key))


def _stamp(key: _Key, now: datetime) -> None:
    if is_stamp_due(key.last_used_at, now):
        BuyerKey.objects.filter(pk=key.pk).update(last_used_at=now)
