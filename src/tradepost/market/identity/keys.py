"""Create, stage, switch and revoke keys. A secret is returned once, when it is created; afterwards only its first
characters are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.prepared import Prepared
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints, mask, seal, unseal_cached

from .events import SigningKeyRotated
from .models import AccessKey, Seller, SigningKey, StagedKey, User

OVERLAP = timedelta(hours=24)
"""How long a replaced key is still accepted, so that a seller can update its servers without failed calls."""
MIN_LENGTH, MAX_LENGTH, NEW_LENGTH, MIN_DISTINCT = 16, 128, 32, 8
"""Lengths of a key that a seller provides, and of a generated one."""
CHANGED = "signing_key.changed"
"""Code of the refusal to create a key from an outdated page."""
MAX_ACCESS_KEYS = 2
"""Valid access keys per seller: one in use, and one for rotation."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. No page can show ``secret`` again."""

    key_id: str
    secret: str = field(repr=False)


def import_secret(text: str) -> str:
    """Return a key that the seller entered. Raises ``Refused`` if it is easy to guess or cannot be transmitted
    safely.

    saas-v2 §2.1 documents neither format nor length; the key is an opaque ASCII text, used as its bytes."""
    secret = text.strip()
    if not MIN_LENGTH <= len(secret) <= MAX_LENGTH:
        message = _("A key has %(least)s to %(most)s characters; this one has %(count)s.")
        raise _wrong(message % {"least": MIN_LENGTH, "most": MAX_LENGTH, "count": len(secret)})
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise _wrong(_("A key may contain only ASCII letters, digits and symbols, without spaces."))
    if len(set(secret)) < MIN_DISTINCT:
        message = _("A key needs at least %(least)s different characters.") % {"least": MIN_DISTINCT}
        raise _wrong(message)
    return secret


def first_signing_key(seller: Seller, interface_class: str, *, secret: str = "", now: datetime) -> NewKey:
    """Create the first key of a class, which is used immediately. Raises ``Refused`` if there is one already."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if _current(seller, interface_class) is not None:
            raise _changed()
        clear = import_secret(secret) if secret else ids.secret(NEW_LENGTH)
        _check_unused(seller, clear)
        return _create(seller, interface_class, ids.hex_id(), clear, now=now)


def stage_signing_key(
    seller: Seller, interface_class: str, *, replaces: str, secret: str = "", by: User | None, now: datetime
) -> NewKey:
    """Create the next key of a class, shown once, while calls continue to use the current one.

    The seller can configure its server before the switch. ``replaces``: key id of the current key that the page
    showed; ``secret``: a key of the seller's own. Raises ``Refused`` if the current key has changed, one is staged
    already, or the key was used before."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        current_signing_key = _current(seller, interface_class)
        if (
            current_signing_key is None
            or current_signing_key.key_id != replaces
            or staged_key(seller, interface_class) is not None
        ):
            raise _changed()
        clear = import_secret(secret) if secret else ids.secret(NEW_LENGTH)
        _check_unused(seller, clear)
        new_staged_key = StagedKey.objects.create(
            seller=seller, interface_class=interface_class, key_id=ids.hex_id(), sealed=seal(clear), hint=mask(clear),
            fingerprint=fingerprint(seller.pk, clear), created_by=by, created_at=now,
        )  # fmt: skip
    return NewKey(new_staged_key.key_id, clear)


def staged_key(seller: Seller, interface_class: str) -> StagedKey | None:
    return StagedKey.objects.filter(seller=seller, interface_class=interface_class).first()


def switch_signing_key(
    seller: Seller, interface_class: str, *, to: str, now: datetime, overlap: timedelta = OVERLAP
) -> SigningKey:
    """Sign calls with the staged key from now on. Responses signed with the former key are accepted until the overlap
    ends.

    ``to``: key id of the staged key that the page showed. Raises ``Refused`` if it is no longer staged."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        old_staged_key = staged_key(seller, interface_class)
        if old_staged_key is None or old_staged_key.key_id != to:
            raise _changed()
        old_staged_key.delete()
        _retire(seller, interface_class, until=now + overlap, now=now)
        return SigningKey.objects.create(
            seller=seller, interface_class=interface_class, key_id=old_staged_key.key_id, sealed=old_staged_key.sealed,
            hint=old_staged_key.hint, fingerprint=old_staged_key.fingerprint, created_at=now,
        )  # fmt: skip


def discard_signing_key(seller: Seller, interface_class: str, *, key_id: str) -> None:
    """Delete a staged key, which was used only for test calls."""
    deleted_count, _rows = StagedKey.objects.filter(
        seller=seller, interface_class=interface_class, key_id=key_id
    ).delete()
    if not deleted_count:
        raise _changed()


def record_trial(key_id: str, *, knows: bool, now: datetime) -> None:
    """Record the result of a test call with a key, if it is still staged."""
    StagedKey.objects.filter(key_id=key_id).update(verified_at=now if knows else None)


def rotate_signing_key(
    seller: Seller, interface_class: str, *, now: datetime, overlap: timedelta = OVERLAP, secret: str = ""
) -> NewKey:
    """Replace the current signing key of an interface class without staging: for programs that set up a market.

    ``secret``: an existing key; one that this seller used before becomes current again, for this class."""
    clear = secret or ids.secret(NEW_LENGTH)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        existing = SigningKey.objects.filter(seller=seller, fingerprint__in=_fingerprints(seller.pk, clear)).first()
        if existing is not None and existing.valid_until is None and existing.interface_class == interface_class:
            return NewKey(existing.key_id, clear)
        _retire(seller, interface_class, until=now + overlap, now=now)
        if existing is None:
            return _create(seller, interface_class, ids.hex_id(), clear, now=now)
        SigningKey.objects.filter(pk=existing.pk).update(interface_class=interface_class, valid_until=None)
    return NewKey(existing.key_id, clear)


def fingerprint(seller: int, secret: str) -> str:
    """Return the keyed hash that identifies a key of this seller; equal keys of two sellers have different hashes."""
    return _fingerprints(seller, secret)[0]


def _fingerprints(seller: int, secret: str) -> tuple[str, ...]:
    return fingerprints(f"signing key of seller {seller}", secret)


HASHES = tuple(
    KeyedHash(
        model=model, column="fingerprint", sealed="sealed", purpose=lambda key: f"signing key of seller {key.seller_id}"
    )
    for model in (SigningKey, StagedKey)
)


def _check_unused(seller: Seller, secret: str) -> None:
    """saas-v2 §1.3: a key cannot be bound to two types. A replaced key cannot be used again either."""
    hashes = _fingerprints(seller.pk, secret)
    for model in (SigningKey, StagedKey):
        if model._default_manager.filter(seller=seller, fingerprint__in=hashes).exists():  # noqa: SLF001
            message = _(
                "This key is or was in use. Each key is for one class of interfaces and cannot be reused. Enter "
                "a new key."
            )
            raise Refused("signing_key.used", message, field="secret")


def _current(seller: Seller, interface_class: str) -> SigningKey | None:
    return SigningKey.objects.filter(seller=seller, interface_class=interface_class, valid_until=None).first()


def _retire(seller: Seller, interface_class: str, *, until: datetime, now: datetime) -> None:
    current_signing_key = _current(seller, interface_class)
    if current_signing_key is not None:
        SigningKey.objects.filter(pk=current_signing_key.pk).update(valid_until=until)
        outbox.publish(SigningKeyRotated(key=current_signing_key.pk), now=now)


def _create(seller: Seller, interface_class: str, key_id: str, clear: str, *, now: datetime) -> NewKey:
    SigningKey.objects.create(
        seller=seller, interface_class=interface_class, key_id=key_id, sealed=seal(clear), hint=mask(clear),
        fingerprint=fingerprint(seller.pk, clear), created_at=now,
    )  # fmt: skip
    return NewKey(key_id, clear)


def _changed() -> Refused:
    return Refused(CHANGED, _("The keys have changed since you opened the page. Review them first."))


def _wrong(message: str) -> Refused:
    return Refused("signing_key.secret", message, HTTPStatus.BAD_REQUEST, field="secret")


_valid_signing_keys = Prepared(
    (models.BigIntegerField(), models.CharField(), models.DateTimeField()),
    lambda seller, interface_class, now: (
        SigningKey.objects.filter(seller_id=seller, interface_class=interface_class)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .values_list("pk", "sealed", "valid_until")
    ),
)


def signing_secrets(seller_id: int, interface_class: str, *, now: datetime) -> tuple[str, ...]:
    """Return the current secret first, then those within their overlap. Empty if the seller has created none."""
    records = _valid_signing_keys(seller_id, interface_class, now)
    newest_first = sorted(records, key=lambda row: (row[2] is not None, -row[0]))
    return tuple(unseal_cached(sealed) for _pk, sealed, _until in newest_first)


def signing_secrets_of_all(
    interface_class: str, *, first: Sequence[int], most: int, now: datetime
) -> list[tuple[str, int]]:
    """Return up to ``most`` valid secrets with their sellers' keys; the sellers in ``first`` come first, in that
    order."""
    valid_keys = SigningKey.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=now), interface_class=interface_class
    )
    positions = {seller: position for position, seller in enumerate(first)}
    records = list(valid_keys.filter(seller__in=first[:most]).values_list("sealed", "seller"))
    records.sort(key=lambda row: positions[row[1]])
    if len(records) < most:
        records += (
            valid_keys.exclude(seller__in=first).order_by("-pk").values_list("sealed", "seller")[: most - len(records)]
        )
    return [(unseal_cached(sealed), seller) for sealed, seller in records[:most]]


def create_access_key(seller: Seller, *, by: User | None, now: datetime) -> NewKey:
    """Create an AK/SK pair. Raises ``Refused`` if the seller already has two valid ones."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if valid_access_keys(seller, now=now).count() >= MAX_ACCESS_KEYS:
            raise Refused(
                "access_key.too_many", _("You already have two access keys. Delete one before you create another.")
            )
        clear = ids.secret(40)
        key = AccessKey.objects.create(
            seller=seller, access_key=ids.access_key(), sealed=seal(clear), created_by=by, created_at=now
        )
    return NewKey(key.access_key, clear)


def valid_access_keys(seller: Seller, *, now: datetime) -> QuerySet[AccessKey]:
    return AccessKey.objects.filter(seller=seller).filter(Q(valid_until=None) | Q(valid_until__gt=now))


def revoke_access_key(seller: Seller, access_key: str, *, now: datetime) -> None:
    """Revoke an access key immediately. Raises ``Refused`` (404) if it is not this seller's."""
    changed_count = AccessKey.objects.filter(seller=seller, access_key=access_key, valid_until=None).update(
        valid_until=now
    )
    if not changed_count:
        raise Refused("access_key.unknown", _("This access key does not exist."), HTTPStatus.NOT_FOUND)


def revoke_all_keys(seller: Seller, *, now: datetime) -> None:
    """Revoke all keys of this seller, for calls, responses and the open APIs."""
    for model in (SigningKey, AccessKey):
        model._default_manager.filter(seller=seller).filter(Q(valid_until=None) | Q(valid_until__gt=now)).update(  # noqa: SLF001
            valid_until=now
        )
