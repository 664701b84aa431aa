"""Make, stage, switch and revoke keys. A secret leaves here once, when it is made; later only its first characters show."""

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
from tradepost.market.base.secrets import fingerprints, mask, opened, seal

from .events import SigningKeyRotated
from .models import AccessKey, Seller, SigningKey, StagedKey, User

OVERLAP = timedelta(hours=24)
"""How long a rotated key is still accepted, so that a seller can change its servers over without a failed call."""
SHORTEST, LONGEST, NEW_LENGTH, LEAST_DIFFERENT = 16, 128, 32, 8
"""Characters of a key that a seller brings along, and of one that is made here."""
CHANGED = "signing_key.changed"
"""Code of the refusal to make a key from a page that shows older ones."""
MOST_ACCESS_KEYS = 2
"""Living access keys a seller may have: one in use, one to rotate to."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: ``secret`` is not readable again from any page."""

    key_id: str
    secret: str = field(repr=False)


def import_secret(text: str) -> str:
    """A key of the seller's own, as it was typed. Raises ``Refused`` for one that a person could guess or a wire mangle.

    saas-v2 §2.1 documents neither format nor length; it is an opaque ASCII text, used as its bytes.
    """
    secret = text.strip()
    if not SHORTEST <= len(secret) <= LONGEST:
        said = _("A key has %(least)s to %(most)s characters; this one has %(count)s.")
        raise _wrong(said % {"least": SHORTEST, "most": LONGEST, "count": len(secret)})
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise _wrong(_("A key holds letters, digits and signs of ASCII only, and no blanks."))
    if len(set(secret)) < LEAST_DIFFERENT:
        said = _("A key needs at least %(least)s different characters.") % {"least": LEAST_DIFFERENT}
        raise _wrong(said)
    return secret


def first_signing_key(seller: Seller, interface_class: str, *, secret: str = "", now: datetime) -> NewKey:
    """The first key of a class, used at once: there is none that calls could go on with. Raises ``Refused`` when there is."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if _current(seller, interface_class) is not None:
            raise _changed()
        clear = import_secret(secret) if secret else ids.secret(NEW_LENGTH)
        _unused(seller, clear)
        return _put(seller, interface_class, ids.hex_id(), clear, now=now)


def stage_signing_key(
    seller: Seller, interface_class: str, *, replaces: str, secret: str = "", by: User | None, now: datetime
) -> NewKey:
    """The next key of a class, shown once while calls go on with the current one: the seller's server can be told it first.

    ``replaces``: key id of the current one that the asker saw; ``secret``: a key of the seller's own. Raises ``Refused`` when
    the current one is another by now, one is staged already, or the key was used before.
    """
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        current = _current(seller, interface_class)
        if current is None or current.key_id != replaces or staged_key(seller, interface_class) is not None:
            raise _changed()
        clear = import_secret(secret) if secret else ids.secret(NEW_LENGTH)
        _unused(seller, clear)
        made = StagedKey.objects.create(
            seller=seller, interface_class=interface_class, key_id=ids.hex_id(), sealed=seal(clear), hint=mask(clear),
            fingerprint=fingerprint(seller.pk, clear), created_by=by, created_at=now,
        )  # fmt: skip
    return NewKey(made.key_id, clear)


def staged_key(seller: Seller, interface_class: str) -> StagedKey | None:
    return StagedKey.objects.filter(seller=seller, interface_class=interface_class).first()


def switch_signing_key(
    seller: Seller, interface_class: str, *, to: str, now: datetime, overlap: timedelta = OVERLAP
) -> SigningKey:
    """Sign calls with the staged key from now on. Answers signed with the former one are accepted until the overlap ends.

    ``to``: key id of the staged one that the asker saw. Raises ``Refused`` when that is not staged any more.
    """
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        staged = staged_key(seller, interface_class)
        if staged is None or staged.key_id != to:
            raise _changed()
        staged.delete()
        _retire(seller, interface_class, until=now + overlap, now=now)
        return SigningKey.objects.create(
            seller=seller, interface_class=interface_class, key_id=staged.key_id, sealed=staged.sealed,
            hint=staged.hint, fingerprint=staged.fingerprint, created_at=now,
        )  # fmt: skip


def discard_signing_key(seller: Seller, interface_class: str, *, key_id: str) -> None:
    """Forget a staged key. Nothing was signed with it but test calls."""
    gone, _rows = StagedKey.objects.filter(seller=seller, interface_class=interface_class, key_id=key_id).delete()
    if not gone:
        raise _changed()


def note_trial(key_id: str, *, knows: bool, now: datetime) -> None:
    """What a test call said of a staged key, if it is still staged."""
    StagedKey.objects.filter(key_id=key_id).update(verified_at=now if knows else None)


def rotate_signing_key(
    seller: Seller, interface_class: str, *, now: datetime, overlap: timedelta = OVERLAP, secret: str = ""
) -> NewKey:
    """Make the current signing key of an interface class at once, without staging: for programs that set a market up.

    ``secret``: an existing key; one that this seller used before becomes current again, for this class.
    """
    clear = secret or ids.secret(NEW_LENGTH)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        known = SigningKey.objects.filter(seller=seller, fingerprint__in=_fingerprints(seller.pk, clear)).first()
        if known is not None and known.valid_until is None and known.interface_class == interface_class:
            return NewKey(known.key_id, clear)
        _retire(seller, interface_class, until=now + overlap, now=now)
        if known is None:
            return _put(seller, interface_class, ids.hex_id(), clear, now=now)
        SigningKey.objects.filter(pk=known.pk).update(interface_class=interface_class, valid_until=None)
    return NewKey(known.key_id, clear)


def fingerprint(seller: int, secret: str) -> str:
    """By which a key of this seller is recognised; another seller's same key has another."""
    return _fingerprints(seller, secret)[0]


def _fingerprints(seller: int, secret: str) -> tuple[str, ...]:
    return fingerprints(f"signing key of seller {seller}", secret)


def _unused(seller: Seller, secret: str) -> None:
    """saas-v2 §1.3: the same key cannot be bound to two types; nor does one that was replaced come back."""
    known = _fingerprints(seller.pk, secret)
    for model in (SigningKey, StagedKey):
        if model._default_manager.filter(seller=seller, fingerprint__in=known).exists():  # noqa: SLF001
            said = _("This key is or was in use already. A key serves one class of interfaces, once: take a new one.")
            raise Refused("signing_key.used", said, field="secret")


def _current(seller: Seller, interface_class: str) -> SigningKey | None:
    return SigningKey.objects.filter(seller=seller, interface_class=interface_class, valid_until=None).first()


def _retire(seller: Seller, interface_class: str, *, until: datetime, now: datetime) -> None:
    earlier = _current(seller, interface_class)
    if earlier is not None:
        SigningKey.objects.filter(pk=earlier.pk).update(valid_until=until)
        outbox.publish(SigningKeyRotated(key=earlier.pk), now=now)


def _put(seller: Seller, interface_class: str, key_id: str, clear: str, *, now: datetime) -> NewKey:
    SigningKey.objects.create(
        seller=seller, interface_class=interface_class, key_id=key_id, sealed=seal(clear), hint=mask(clear),
        fingerprint=fingerprint(seller.pk, clear), created_at=now,
    )  # fmt: skip
    return NewKey(key_id, clear)


def _changed() -> Refused:
    return Refused(CHANGED, _("The keys changed since you opened the page. Look at them first."))


def _wrong(message: str) -> Refused:
    return Refused("signing_key.secret", message, HTTPStatus.BAD_REQUEST, field="secret")


_living_signing_keys = Prepared(
    (models.BigIntegerField(), models.CharField(), models.DateTimeField()),
    lambda seller, interface_class, now: (
        SigningKey.objects.filter(seller_id=seller, interface_class=interface_class)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .values_list("pk", "sealed", "valid_until")
    ),
)


def signing_secrets(seller_id: int, interface_class: str, *, now: datetime) -> tuple[str, ...]:
    """The current secret first, then those still within their overlap. Empty when the seller has made none."""
    found = _living_signing_keys(seller_id, interface_class, now)
    newest_first = sorted(found, key=lambda row: (row[2] is not None, -row[0]))
    return tuple(opened(sealed) for _pk, sealed, _until in newest_first)


def signing_secrets_of_all(
    interface_class: str, *, first: Sequence[int], most: int, now: datetime
) -> list[tuple[str, int]]:
    """Up to ``most`` living secrets with their sellers' keys, those of the sellers ``first`` before all others, in that order."""
    living = SigningKey.objects.filter(Q(valid_until=None) | Q(valid_until__gt=now), interface_class=interface_class)
    place = {seller: at for at, seller in enumerate(first)}
    found = list(living.filter(seller__in=first[:most]).values_list("sealed", "seller"))
    found.sort(key=lambda row: place[row[1]])
    if len(found) < most:
        found += living.exclude(seller__in=first).order_by("-pk").values_list("sealed", "seller")[: most - len(found)]
    return [(opened(sealed), seller) for sealed, seller in found[:most]]


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
