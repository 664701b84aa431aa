"""What applications hold of sign-ins, given, looked up by a token, and taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from msgspec import Struct

from .drawn import draw, hash_of
from .may_sign_in import Access, access
from .models import AccessToken, Grant, RefreshToken
from .settings_of import Lives


def revoke(living: QuerySet[Grant], why: Grant.Why, *, now: datetime) -> int:
    """None of their tokens holds any more. How many there were."""
    return living.filter(revoked_at=None).update(revoked_at=now, why=why)


def give_tokens(grant: Grant, tokens: dict[str, Any], lives: Lives, *, now: datetime) -> None:
    """Keep the hashes of what the answer carries."""
    AccessToken.objects.create(
        token_hash=hash_of(tokens["access_token"]), grant=grant, expires_at=now + lives.access_token
    )
    expires_at = now + lives.access_token
    if refresh := tokens.get("refresh_token"):
        expires_at = now + lives.refresh_token
        RefreshToken.objects.create(token_hash=hash_of(refresh), grant=grant, expires_at=expires_at)
    grant.used_at, grant.expires_at = now, max(grant.expires_at, expires_at)
    grant.save(update_fields=["used_at", "expires_at"])


class Holder(Struct, frozen=True):
    """Whose access token it is, and what its application may know of them."""

    grant: Grant
    access: Access


class NoToken(Struct, frozen=True):
    """Why an access token opens nothing."""

    expired: bool


def holder_of(token: str, *, now: datetime, enterprise: int | None = None) -> Holder | NoToken:
    """Of an access token; ``enterprise``: whose auth centre is asked, any where it is None.

    Whether the member may sign in is asked anew: a withdrawal holds at once.
    """
    found = (
        AccessToken.objects.select_related(
            "grant__session", "grant__client__application",
            "grant__member__user", "grant__member__enterprise", "grant__member__department",
        )
        .filter(token_hash=hash_of(token))
        .first()
    )  # fmt: skip
    if found is None or enterprise not in {None, found.grant.client.enterprise_id}:
        return NoToken(expired=False)
    if found.expires_at <= now:
        return NoToken(expired=True)
    grant = found.grant
    allowed = access(grant.member, grant.client)
    ended = grant.revoked_at is not None or grant.session.ended_at is not None
    if ended or not isinstance(allowed, Access):
        return NoToken(expired=False)
    return Holder(grant, allowed)


def new_token(_request: object) -> str:
    """For ``oauthlib``, which asks with its request."""
    return draw()
