"""Grants of applications: issue tokens, look up a grant by its token, and revoke grants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from msgspec import Struct

from .may_sign_in import Access, access
from .models import AccessToken, Grant, RefreshToken
from .random_secrets import hash_of, new_secret
from .settings_of import Lifetimes


def revoke(active_grants: QuerySet[Grant], why: Grant.Why, *, now: datetime) -> int:
    """Revoke grants with all their tokens. Returns their number."""
    return active_grants.filter(revoked_at=None).update(revoked_at=now, why=why)


def store_tokens(grant: Grant, tokens: dict[str, Any], lives: Lifetimes, *, now: datetime) -> None:
    """Store the hashes of the tokens in a response."""
    AccessToken.objects.create(
        token_hash=hash_of(tokens["access_token"]), grant=grant, expires_at=now + lives.access_token
    )
    expires_at = now + lives.access_token
    if refresh := tokens.get("refresh_token"):
        expires_at = now + lives.refresh_token
        RefreshToken.objects.create(token_hash=hash_of(refresh), grant=grant, expires_at=expires_at)
    grant.used_at, grant.expires_at = now, max(grant.expires_at, expires_at)
    grant.save(update_fields=["used_at", "expires_at"])


class TokenHolder(Struct, frozen=True):
    """The owner of an access token, and what the application may know of them."""

    grant: Grant
    access: Access


class TokenRefusal(Struct, frozen=True):
    """Why an access token is not accepted."""

    expired: bool


def holder_of(token: str, *, now: datetime, enterprise: int | None = None) -> TokenHolder | TokenRefusal:
    """Return the owner of an access token. ``enterprise``: of the requested auth centre; None for any.

    Checks again whether the member may sign in, so that a withdrawal applies immediately.
    """
    access_token = (
        AccessToken.objects.select_related(
            "grant__session", "grant__client__application",
            "grant__member__user", "grant__member__enterprise", "grant__member__department",
        )
        .filter(token_hash=hash_of(token))
        .first()
    )  # fmt: skip
    if access_token is None or enterprise not in {None, access_token.grant.client.enterprise_id}:
        return TokenRefusal(expired=False)
    if access_token.expires_at <= now:
        return TokenRefusal(expired=True)
    grant = access_token.grant
    allowed_access = access(grant.member, grant.client)
    ended = grant.revoked_at is not None or grant.session.ended_at is not None
    if ended or not isinstance(allowed_access, Access):
        return TokenRefusal(expired=False)
    return TokenHolder(grant, allowed_access)


def new_token(_request: object) -> str:
    """Return a new token. The request parameter is required by ``oauthlib``."""
    return new_secret()
