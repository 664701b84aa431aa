"""Create, disable, enable, and delete access keys of buyers. The account's owner is notified of each change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import seal

from .buyer_key_models import BuyerKey, Right
from .events import BuyerKeyChanged
from .keys import NewKey
from .models import User

MAX_KEYS = 10
"""Maximum keys per account, including disabled and expired ones."""
MAX_NAME = 64
LIFETIMES = (30, 90, 180, 365)
"""Validity periods in days. A key without an end would outlive the program for which it was created."""

EXPIRY = "identity.buyer_key_expires"
"""Timer that sends a reminder before a key expires; its key is the row's."""
REMIND_BEFORE = timedelta(days=7)


class CreateBuyerKey(Struct, frozen=True, kw_only=True):
    """``name``: of the program that uses the key. ``days``: one of ``LIFETIMES``."""

    name: str
    rights: Collection[str]
    days: int


def create_buyer_key(user: User, command: CreateBuyerKey, *, now: datetime) -> NewKey:
    """Create a key and return its secret, which no page shows again. Raises ``Refused`` with the invalid field."""
    name = command.name.strip()
    rights = [right.value for right in Right if right.value in command.rights]
    _check(name, rights, command)
    secret = ids.secret(40)
    with transaction.atomic():
        keys = BuyerKey.objects.filter(user=User.objects.select_for_update().get(pk=user.pk))
        if keys.filter(name=name).exists():
            raise Refused("buyer_key.name_taken", _("You already have a key with this name."), field="name")
        if keys.count() >= MAX_KEYS:
            message = _("You can have up to %(max)s access keys. Delete one that you no longer use.")
            raise Refused("buyer_key.too_many", message % {"max": MAX_KEYS})
        key = BuyerKey.objects.create(
            user=user, name=name, access_key=ids.access_key(), sealed=seal(secret), rights=rights, created_at=now,
            expires_at=now + timedelta(days=command.days),
        )  # fmt: skip
        jobs.schedule(EXPIRY, str(key.pk), due_at=key.expires_at - REMIND_BEFORE, payload={"key": key.pk})
        _publish(key, "created", now)
    return NewKey(key.access_key, secret)


def _check(name: str, rights: Collection[str], command: CreateBuyerKey) -> None:
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        message = _("Enter a name of 1 to %(max)s characters.") % {"max": MAX_NAME}
        raise Refused("buyer_key.name", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="name")
    if not rights or len(rights) != len(set(command.rights)):
        message = _("Select at least one permission from the list.")
        raise Refused("buyer_key.rights", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="rights")
    if command.days not in LIFETIMES:
        message = _("Select one of the validity periods.")
        raise Refused("buyer_key.days", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="days")


CHANGED = "buyer_key.changed"


def disable_buyer_key(user: User, pk: int, *, now: datetime) -> BuyerKey:
    """Refuse calls with this key until it is enabled. Raises ``Refused`` if it is not the user's, or disabled
    already."""
    return _switch(user, pk, disabled=now, now=now)


def disable_buyer_keys(user: User, *, now: datetime) -> int:
    """Disable all usable keys of an account whose password changes: someone who knew the old one may have created some.
    The owner can enable them again. Return their number."""
    with transaction.atomic():
        keys = list(
            BuyerKey.objects.select_for_update().filter(user=user, disabled_at=None, expires_at__gt=now).order_by("pk")
        )
        for key in keys:
            key.disabled_at = now
            key.save(update_fields=["disabled_at"])
            _publish(key, "disabled", now)
    return len(keys)


def enable_buyer_key(user: User, pk: int, *, now: datetime) -> BuyerKey:
    """Accept calls with a disabled key again. Raises ``Refused`` if it is not the user's, or enabled already."""
    return _switch(user, pk, disabled=None, now=now)


def _switch(user: User, pk: int, *, disabled: datetime | None, now: datetime) -> BuyerKey:
    with transaction.atomic():
        key = _locked_key(user, pk)
        if (key.disabled_at is None) == (disabled is None):
            message = _("This key was changed in the meantime. Its current state is shown here.")
            raise Refused(CHANGED, message)
        key.disabled_at = disabled
        key.save(update_fields=["disabled_at"])
        _publish(key, "enabled" if disabled is None else "disabled", now)
    return key


def delete_buyer_key(user: User, pk: int, *, now: datetime) -> BuyerKey:
    """Delete a key permanently. Raises ``Refused`` if it is not the user's."""
    with transaction.atomic():
        key = _locked_key(user, pk)
        jobs.cancel(EXPIRY, str(key.pk))
        _publish(key, "deleted", now)
        BuyerKey.objects.filter(pk=key.pk).delete()
    return key


def buyer_keys_of(user: User) -> list[BuyerKey]:
    """Return the keys newest first, without the secrets."""
    return list(BuyerKey.objects.filter(user=user).defer("sealed").order_by("-pk"))


def _locked_key(user: User, pk: int) -> BuyerKey:
    key = BuyerKey.objects.select_for_update().filter(user=user, pk=pk).first()
    if key is None:
        raise Refused("buyer_key.unknown", _("This access key does not exist."), HTTPStatus.NOT_FOUND)
    return key


def _publish(key: BuyerKey, change: str, now: datetime) -> None:
    outbox.publish(BuyerKeyChanged(user=key.user_id, key=key.pk, name=key.name, change=change, at=now), now=now)


def remind_of_expiry(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer task: notify the owner that a key expires soon, unless it is disabled."""
    key = BuyerKey.objects.filter(pk=payload["key"], disabled_at=None, expires_at__gt=now).first()
    if key is not None:
        _publish(key, "expires", now)
    return None
