"""Tokens of an enterprise's directory: created by an administrator, shown once, found by their hash, revoked."""

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
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints

from . import account_names
from .act_log import EnterpriseAction, actor_of, record
from .locking import lock
from .models import DirectoryToken, Enterprise, Member

PURPOSE = "directory token"
PREFIX, LENGTH, SHOWN_LENGTH, MAX_LENGTH = "tps_", 43, 8, 128
"""``LENGTH`` letters and digits: 256 bits. Input longer than ``MAX_LENGTH`` is not hashed."""
MAX_NAME_LENGTH = 64
HASHES = KeyedHash(model=DirectoryToken, column="token_hash", name="directory tokens", issued="made_at")
USE_INTERVAL = timedelta(minutes=5)
"""Minimum interval between updates of the time of last use, because a directory calls many times a minute."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token. ``secret`` is shown only on the page that created it."""

    token: DirectoryToken
    secret: str = field(repr=False)


def create(enterprise: Enterprise, name: str, *, by: Member, most: int, now: datetime) -> NewToken:
    """Create a token. ``most``: limit of tokens, so that a token can replace another without a gap. Raises
    ``Refused``."""
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    secret = PREFIX + ids.secret(LENGTH)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if DirectoryToken.objects.filter(enterprise=locked_enterprise).count() >= most:
            message = _(
                "An enterprise has at most %(most)s tokens for its directory. Revoke one that is no longer used."
            )
            raise Refused("directory.too_many", message % {"most": most})
        author = actor_of(by)
        token = DirectoryToken.objects.create(
            enterprise=locked_enterprise, name=name, token_hash=fingerprints(PURPOSE, secret)[0], begins=secret[:SHOWN_LENGTH],
            made_by=author.user, made_by_text=author.text[:255], made_at=now,
        )  # fmt: skip
        record(locked_enterprise, EnterpriseAction.DIRECTORY_TOKEN_MADE, author, now=now, note=name)
    return NewToken(token, secret)


def revoke(enterprise: Enterprise, pk: int, *, by: Member, now: datetime) -> str:
    """Revoke a token and return its name. Data that the directory wrote stays. Raises ``Refused``."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        token = DirectoryToken.objects.filter(pk=pk, enterprise=locked_enterprise).first()
        if token is None:
            raise Refused("directory.gone", _("This token was revoked already."), HTTPStatus.NOT_FOUND)
        record(locked_enterprise, EnterpriseAction.DIRECTORY_TOKEN_REVOKED, actor_of(by), now=now, note=token.name)
        token.delete()
    return token.name


def tokens_of(enterprise: Enterprise) -> list[DirectoryToken]:
    """Return the tokens newest first."""
    return list(DirectoryToken.objects.filter(enterprise=enterprise).order_by("-pk"))


def find(secret: str) -> DirectoryToken | None:
    """Return the token with this secret, if its enterprise is active."""
    if not secret or len(secret) > MAX_LENGTH or not secret.isascii():
        return None
    hashes = fingerprints(PURPOSE, secret)
    tokens = DirectoryToken.objects.filter(token_hash__in=hashes, enterprise__status=Enterprise.Status.ACTIVE)
    token = tokens.select_related("enterprise").first()
    return token if token and any(hmac.compare_digest(token.token_hash, hashed) for hashed in hashes) else None


def record_use(token: DirectoryToken, *, now: datetime) -> None:
    """Record the time of use, at most once per interval."""
    if token.used_at is None or token.used_at + USE_INTERVAL <= now:
        outdated_tokens = DirectoryToken.objects.filter(
            Q(used_at=None) | Q(used_at__lte=now - USE_INTERVAL), pk=token.pk
        )
        outdated_tokens.update(used_at=now)
