"""Create, revoke and verify app keys. The secret is returned only once, on creation."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.subscriptions.models import Subscription

from .models import NAME_LENGTH, AppKey

KEY_HISTORY = "app_keys"
"""Name of the history (``base.Move``) in which a service records created and revoked keys."""
MAX_VALID_KEYS = 5
"""Maximum number of valid keys per service, enough to rotate the keys of several programs."""
MAX_KEYS = 200
"""Maximum number of keys per service, including revoked keys."""
STAMP_INTERVAL = timedelta(minutes=1)
"""Precision of ``verified_at``. Writing on every verification would turn all reads into writes."""
_NO_KEY = hashlib.sha256(ids.secret().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NewAppKey:
    """A new key. No page shows ``secret`` again."""

    app_key: str
    secret: str = field(repr=False)


class Verdict(StrEnum):
    """Result of a verification: whether a gateway may accept the key, and if not, why."""

    VALID = "VALID"
    UNKNOWN = "UNKNOWN"
    """No service of this seller has a key with this secret."""
    REVOKED = "REVOKED"
    FROZEN = "FROZEN"
    ENDED = "ENDED"


def create_key(subscription: Subscription, name: str, *, by: str, now: datetime) -> NewAppKey:
    """Create a key for an active service whose product issues keys. Raises ``Refused``."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        words = _("Enter a name of at most %(most)s characters.") % {"most": NAME_LENGTH}
        raise Refused("app_key.name", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="name")
    with transaction.atomic():
        service = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
        if service.status != Subscription.Status.ACTIVE:
            raise Refused("app_key.not_active", _("The service is not active, so no key can be created."))
        keys = AppKey.objects.filter(subscription=service)
        if keys.filter(revoked_at=None).count() >= MAX_VALID_KEYS:
            words = _("The service has %(most)s valid keys. Revoke one first.") % {"most": MAX_VALID_KEYS}
            raise Refused("app_key.too_many", words)
        if keys.count() >= MAX_KEYS:
            words = _("%(most)s keys were created for this service. Contact Support.") % {"most": MAX_KEYS}
            raise Refused("app_key.too_many", words)
        secret = ids.secret()
        key = AppKey.objects.create(
            subscription=service, name=name, app_key=ids.access_key(), secret_hash=_hash(secret), created_by=by,
            created_at=now,
        )  # fmt: skip
        _record(key, "created", by=by, now=now)
    return NewAppKey(key.app_key, secret)


def revoke_key(subscription: Subscription, pk: int, *, by: str, now: datetime) -> AppKey:
    """Revoke a key immediately, in any state of its service. Idempotent. Raises ``AppKey.DoesNotExist``."""
    with transaction.atomic():
        ended_count = AppKey.objects.filter(subscription=subscription, pk=pk, revoked_at=None).update(revoked_at=now)
        key = AppKey.objects.get(subscription=subscription, pk=pk)
        if ended_count:
            _record(key, "revoked", by=by, now=now)
    return key


def _record(key: AppKey, event: str, *, by: str, now: datetime) -> None:
    record_move(key.subscription, KEY_HISTORY, event, now=now, actor=by, note=key.name)


def has_valid_keys(subscription: Subscription) -> bool:
    return AppKey.objects.filter(subscription=subscription, revoked_at=None).exists()


def keys_of(subscription: Subscription) -> list[AppKey]:
    """Return the keys of a service: valid keys first, then revoked keys, each newest first."""
    keys = list(AppKey.objects.filter(subscription=subscription).order_by("-pk")[:MAX_KEYS])
    return sorted(keys, key=lambda key: key.revoked_at is not None)


def verify(seller_id: int, app_key: str, secret: str, *, now: datetime) -> tuple[Verdict, Subscription | None]:
    """Verify a key that a gateway of this seller received. Returns the service with every verdict except UNKNOWN.

    A wrong secret and an unknown key take equally long and get the same verdict.
    """
    candidates = AppKey.objects.select_related("subscription__offer__sku", "subscription__product").filter(
        app_key=app_key
    )
    key = candidates.filter(subscription__seller_id=seller_id).first()
    matches = hmac.compare_digest(_hash(secret), key.secret_hash if key else _NO_KEY)
    if key is None or not matches:
        return Verdict.UNKNOWN, None
    verdict = _verdict(key)
    if verdict is Verdict.VALID and (key.verified_at is None or now - key.verified_at >= STAMP_INTERVAL):
        AppKey.objects.filter(pk=key.pk).update(verified_at=now)
    return verdict, key.subscription


def _verdict(key: AppKey) -> Verdict:
    if key.revoked_at is not None:
        return Verdict.REVOKED
    match key.subscription.status:
        case Subscription.Status.ACTIVE:
            return Verdict.VALID
        case Subscription.Status.FROZEN:
            return Verdict.FROZEN
        case _:
            return Verdict.ENDED


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
