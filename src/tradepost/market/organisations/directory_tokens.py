"""Tokens of an enterprise's directory: made by an administrator, shown once, found by their hash, revoked."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import fingerprints

from . import account_names
from .act_log import Did, actor, record
from .locking import lock
from .models import DirectoryToken, Enterprise, Member

PURPOSE = "directory token"
PREFIX, LENGTH, SHOWN, LONGEST = "tps_", 43, 8, 128
"""``LENGTH`` letters and digits: 256 bits. ``LONGEST``: more of what somebody sends is not even hashed."""
LONGEST_NAME = 64
NOTED_AFTER = timedelta(minutes=5)
"""So long the time of the last use is left alone: it is for people, and a directory calls many times a minute."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """``secret`` belongs on the page that made it alone."""

    token: DirectoryToken
    secret: str = field(repr=False)


def make(enterprise: Enterprise, name: str, *, by: Member, most: int, now: datetime) -> NewToken:
    """``most``: tokens that live at once, so that one can follow another without a gap. Raises ``Refused``."""
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    secret = PREFIX + ids.secret(LENGTH)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if DirectoryToken.objects.filter(enterprise=held).count() >= most:
            words = _(
                "An enterprise has at most %(most)s tokens for its directory. Revoke one that is not used any more."
            )
            raise Refused("directory.too_many", words % {"most": most})
        who = actor(by)
        made = DirectoryToken.objects.create(
            enterprise=held, name=name, token_hash=fingerprints(PURPOSE, secret)[0], begins=secret[:SHOWN],
            made_by=who.user, made_by_text=who.text[:255], made_at=now,
        )  # fmt: skip
        record(held, Did.DIRECTORY_TOKEN_MADE, who, now=now, note=name)
    return NewToken(made, secret)


def revoke(enterprise: Enterprise, pk: int, *, by: Member, now: datetime) -> str:
    """Nothing is let in by it from now on; what the directory wrote stays. Gives its name. Raises ``Refused``."""
    with transaction.atomic():
        held = lock(enterprise, by=by)
        one = DirectoryToken.objects.filter(pk=pk, enterprise=held).first()
        if one is None:
            raise Refused("directory.gone", _("This token was revoked already."), HTTPStatus.NOT_FOUND)
        record(held, Did.DIRECTORY_TOKEN_REVOKED, actor(by), now=now, note=one.name)
        one.delete()
    return one.name


def tokens_of(enterprise: Enterprise) -> list[DirectoryToken]:
    """The newest first; few."""
    return list(DirectoryToken.objects.filter(enterprise=enterprise).order_by("-pk"))


def find(secret: str) -> DirectoryToken | None:
    """Whose token it is, while its enterprise lives."""
    if not secret or len(secret) > LONGEST or not secret.isascii():
        return None
    hashes = fingerprints(PURPOSE, secret)
    found = DirectoryToken.objects.filter(token_hash__in=hashes, enterprise__status=Enterprise.Status.ACTIVE)
    one = found.select_related("enterprise").first()
    return one if one and any(hmac.compare_digest(one.token_hash, each) for each in hashes) else None


def used(token: DirectoryToken, *, now: datetime) -> None:
    """Note that it was used, once in a while."""
    if token.used_at is None or token.used_at + NOTED_AFTER <= now:
        due = DirectoryToken.objects.filter(Q(used_at=None) | Q(used_at__lte=now - NOTED_AFTER), pk=token.pk)
        due.update(used_at=now)
