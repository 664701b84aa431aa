"""Make, rotate and revoke keys. A secret leaves here once, when it is made; later only its first characters show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import mask, seal, unseal

from .events import SigningKeyRotated
from .models import AccessKey, Seller, SigningKey, User

OVERLAP = timedelta(hours=24)
"""How long a rotated key is still accepted, so that a seller can change its servers over without a failed call."""
MOST_ACCESS_KEYS = 2
"""Living access keys a seller may have: one in use, one to rotate to."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: ``secret`` is not readable again from any page."""

    key_id: str
    secret: str = field(repr=False)


def rotate_signing_key(
    seller: Seller,
    interface_class: str,
    *,
    now: datetime,
    overlap: timedelta = OVERLAP,
    secret: str = "",
    replaces: str | None = None,
) -> NewKey:
    """Make the current signing key of an interface class. Calls are signed with it at once; answers signed with the
    earlier key are accepted until the overlap ends. ``secret`` imports an existing key (a seller who moves here).

    ``replaces``: key id that the asker saw (empty for none); raises ``Refused`` when another is current by now, so that
    a form sent twice, or by two people at once, makes one key. None asks no such question.
    """
    clear = secret or ids.secret(32)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        earlier = SigningKey.objects.filter(seller=seller, interface_class=interface_class, valid_until=None).first()
        if replaces is not None and replaces != (earlier.key_id if earlier else ""):
            raise Refused("signing_key.changed", _("This key was replaced meanwhile. Look at the current one first."))
        if earlier is not None:
            SigningKey.objects.filter(pk=earlier.pk).update(valid_until=now + overlap)
            outbox.publish(SigningKeyRotated(key=earlier.pk), now=now)
        key = SigningKey.objects.create(
            seller=seller,
            interface_class=interface_class,
            key_id=ids.hex_id(),
            sealed=seal(clear),
            hint=mask(clear),
            created_at=now,
        )
    return NewKey(key.key_id, clear)


def signing_secrets(seller_id: int, interface_class: str, *, now: datetime) -> tuple[str, ...]:
    """The current secret first, then those still within their overlap. Empty when the seller has made none."""
    keys = SigningKey.objects.filter(seller_id=seller_id, interface_class=interface_class).filter(
        Q(valid_until=None) | Q(valid_until__gt=now)
    )
    newest_first = sorted(keys, key=lambda k: (k.valid_until is not None, -k.pk))
    return tuple(unseal(k.sealed) for k in newest_first)


def create_access_key(seller: Seller, *, by: User | None, now: datetime) -> NewKey:
    """A new AK/SK pair. Raises ``Refused`` when the seller already has two living ones."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if living_access_keys(seller, now=now).count() >= MOST_ACCESS_KEYS:
            raise Refused("access_key.too_many", _("You have two access keys already. Delete one to make another."))
        clear = ids.secret(40)
        key = AccessKey.objects.create(
            seller=seller, access_key=ids.access_key(), sealed=seal(clear), created_by=by, created_at=now
        )
    return NewKey(key.access_key, clear)


def living_access_keys(seller: Seller, *, now: datetime) -> QuerySet[AccessKey]:
    return AccessKey.objects.filter(seller=seller).filter(Q(valid_until=None) | Q(valid_until__gt=now))


def revoke_access_key(seller: Seller, access_key: str, *, now: datetime) -> None:
    """End an access key at once. Raises ``Refused`` (404) when it is not this seller's."""
    changed = AccessKey.objects.filter(seller=seller, access_key=access_key, valid_until=None).update(valid_until=now)
    if not changed:
        raise Refused("access_key.unknown", _("There is no such access key."), HTTPStatus.NOT_FOUND)


def revoke_all_keys(seller: Seller, *, now: datetime) -> None:
    """No key of this seller counts any more, neither for calls and answers nor for the open APIs."""
    for model in (SigningKey, AccessKey):
        model._default_manager.filter(seller=seller).filter(Q(valid_until=None) | Q(valid_until__gt=now)).update(  # noqa: SLF001
            valid_until=now
        )
