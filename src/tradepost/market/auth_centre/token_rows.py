"""The validator of ``oauthlib`` on our rows; one object per request.

``oauthlib`` exposes unknown request parameters as attributes of its request object. Decisions are therefore stored in
this object and never read from there.
"""
# # ruff: noqa: ARG002 # the arguments are those of oauthlib's interface

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from oauthlib.openid import RequestValidator

from tradepost.market.applications.models import Client

from . import client_proof, grants, id_tokens
from .application_proof import client_by_application
from .claims import DEFAULT_SCOPE, SCOPES
from .may_sign_in import Access, access
from .models import AuthorizationCode, Grant, RefreshToken, SignInSession
from .random_secrets import hash_of
from .redirects import is_callback
from .settings_of import Lifetimes, address_of

GRANT_TYPES = frozenset({"authorization_code", "refresh_token"})


class TokenRows(RequestValidator):  # type: ignore[misc]  # published without types
    """The validator for one request.

    ``enterprise``: of the requested auth centre; ``issuer``: its address. Both are empty at the main host, where
    client, code or token identify the enterprise. ``market_now``: the time by which a previous client secret expires;
    ``now`` is real time.
    """

    def __init__(
        self, *, enterprise: int | None, lives: Lifetimes, issuer: str, now: datetime, market_now: datetime,
        session: SignInSession | None = None,
    ) -> None:  # fmt: skip
        self.enterprise = enterprise
        self.lives = lives
        self.issuer = issuer
        self.now = now
        self.market_now = market_now
        self.session = session
        self.client: Client | None = None
        self.code: AuthorizationCode | None = None
        self.refreshed: RefreshToken | None = None
        self.grant: Grant | None = None
        self.access: Access | None = None

    # Clients

    def validate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        self.client = request.client = client_proof.client_of(client_id, enterprise=self.enterprise)
        return self.client is not None

    def client_authentication_required(self, request: Any, *_: Any, **__: Any) -> bool:
        return True

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        form = dict(request.decoded_body or ())
        credentials = client_proof.credentials_in(form, request.headers.get("Authorization", ""))
        request.client = None
        if credentials is None:
            return False
        client = client_proof.client_of(credentials.client_id, enterprise=self.enterprise)
        if client is not None and not client_proof.is_authentic(client, credentials.secret, now=self.market_now):
            return False
        if client is None and self.enterprise is None:
            client = client_by_application(credentials, form)
            request.client_id = client.client_id if client else request.client_id
        self.client = request.client = client
        return client is not None

    def validate_grant_type(self, client_id: str, grant_type: str, *_: Any, **__: Any) -> bool:
        return grant_type in GRANT_TYPES

    def validate_response_type(self, client_id: str, response_type: str, *_: Any, **__: Any) -> bool:
        return response_type == "code"

    # Callbacks and scopes

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, *_: Any, **__: Any) -> bool:
        return self.client is not None and is_callback(self.client.callback, redirect_uri)

    def get_default_redirect_uri(self, client_id: str, *_: Any, **__: Any) -> str | None:
        """Return the client's only callback, which requests may omit (openapi-jointkit E.8)."""
        return self.client.callback if self.client else None

    def get_default_scopes(self, client_id: str, *_: Any, **__: Any) -> list[str]:
        return [DEFAULT_SCOPE]

    def validate_scopes(self, client_id: str, scopes: list[str], *_: Any, **__: Any) -> bool:
        """Drop unknown scopes (OpenID Connect Core §3.1.2.1); the response names the granted ones (RFC 6749 §3.3)."""
        scopes[:] = [scope for scope in SCOPES if scope in scopes]
        return bool(scopes)

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return False

    def validate_silent_login(self, request: Any) -> bool:
        return self.session is not None

    def validate_silent_authorization(self, request: Any) -> bool:
        return True

    def validate_user_match(self, *_: Any, **__: Any) -> bool:
        return True

    def is_origin_allowed(self, *_: Any, **__: Any) -> bool:
        """Never: requests come from servers of applications, not from their pages."""
        return False

    # Codes

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Any, *_: Any, **__: Any) -> None:
        assert self.client is not None  # oauthlib validated the request before
        assert self.session is not None
        AuthorizationCode.objects.create(
            code_hash=hash_of(code["code"]), session=self.session, client=self.client,
            redirect_uri="" if request.using_default_redirect_uri else request.redirect_uri,
            scope=" ".join(request.scopes), nonce=request.nonce or "",
            challenge=request.code_challenge or "", expires_at=self.now + self.lives.code,
        )  # fmt: skip

    def get_authorization_code_scopes(self, client_id: str, code: str, *_: Any, **__: Any) -> list[str]:
        """Return the scopes before the client is authenticated; only the form of the response depends on them."""
        scope = AuthorizationCode.objects.filter(code_hash=hash_of(code)).values_list("scope", flat=True).first()
        return scope.split() if scope else []

    def validate_code(self, client_id: str, code: str, client: Client, request: Any, *_: Any, **__: Any) -> bool:
        """Lock the code until its tokens are stored, so that the second of two redemptions sees the first."""
        authorization_code = (
            AuthorizationCode.objects.select_for_update(of=("self",))
            .select_related("session__member__user", "session__member__enterprise", "session__member__department")
            .filter(code_hash=hash_of(code))
            .first()
        )
        if authorization_code is None or self.client is None or authorization_code.client_id != self.client.pk:
            return False
        if authorization_code.used_at is not None:
            if authorization_code.grant_id is not None:
                grants.revoke(
                    Grant.objects.filter(pk=authorization_code.grant_id), Grant.Why.CODE_REPLAYED, now=self.now
                )
            return False
        if authorization_code.expires_at <= self.now or authorization_code.session.ended_at is not None:
            return False
        if (
            not authorization_code.challenge and request.code_verifier
        ):  # PKCE was removed from the first request (RFC 9700 §4.8)
            return False
        allowed_access = access(authorization_code.session.member, self.client)
        if not isinstance(allowed_access, Access):
            return False
        self.code, self.access = authorization_code, allowed_access
        request.user, request.scopes = authorization_code.session.member, authorization_code.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return (self.code.challenge or None) if self.code else None

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        return "S256"

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Client, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Require the redirect URI of the first request; without one, the client's callback."""
        if self.code is None or self.client is None:
            return False
        if request.using_default_redirect_uri:
            return True
        return is_callback(self.code.redirect_uri or self.client.callback, redirect_uri)

    def get_authorization_code_nonce(self, client_id: str, code: str, *_: Any, **__: Any) -> str | None:
        return (self.code.nonce or None) if self.code else None

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *_: Any, **__: Any) -> None:
        """Done by ``save_bearer_token`` in the same transaction."""

    # Tokens

    def rotate_refresh_token(self, request: Any) -> bool:
        return True

    def validate_refresh_token(self, refresh_token: str, client: Client, request: Any, *_: Any, **__: Any) -> bool:
        """Lock the grant, so that the second of two uses sees the first and revokes the grant."""
        stored_token = RefreshToken.objects.filter(token_hash=hash_of(refresh_token)).first()
        if stored_token is None or self.client is None:
            return False
        grant = (
            Grant.objects.select_for_update(of=("self",))
            .select_related("session", "member__user", "member__enterprise", "member__department")
            .get(pk=stored_token.grant_id)
        )
        if grant.client_id != self.client.pk or grant.revoked_at is not None or grant.session.ended_at is not None:
            return False
        stored_token.refresh_from_db()
        if stored_token.used_at is not None:
            grants.revoke(Grant.objects.filter(pk=grant.pk), Grant.Why.TOKEN_REPLAYED, now=self.now)
            return False
        allowed_access = access(grant.member, self.client)
        if stored_token.expires_at <= self.now or not isinstance(allowed_access, Access):
            return False
        self.refreshed, self.grant, self.access = stored_token, grant, allowed_access
        request.user = grant.member
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *_: Any, **__: Any) -> list[str]:
        return self.grant.scope.split() if self.grant else []

    def is_within_original_scope(self, scopes: list[str], refresh_token: str, request: Any, *_: Any, **__: Any) -> bool:
        return False

    def save_bearer_token(self, token: dict[str, Any], request: Any, *_: Any, **__: Any) -> None:
        if self.refreshed is not None and self.grant is not None:
            RefreshToken.objects.filter(pk=self.refreshed.pk).update(used_at=self.now)
            grants.store_tokens(self.grant, token, self.lives, now=self.now)
            return
        code = self.code
        assert code is not None  # oauthlib validated it before
        grant = Grant.objects.create(
            session=code.session, client_id=code.client_id, member=code.session.member, scope=code.scope,
            begun_at=self.now, used_at=self.now, expires_at=self.now,
        )  # fmt: skip
        code.used_at, code.grant = self.now, grant
        code.save(update_fields=["used_at", "grant"])
        grants.store_tokens(grant, token, self.lives, now=self.now)

    # OpenID Connect

    def refresh_id_token(self, request: Any) -> bool:
        return True

    def get_id_token(self, token: Any, token_handler: Any, request: Any) -> None:
        """``oauthlib`` prepares the token; ``finalize_id_token`` completes it."""

    def finalize_id_token(self, id_token: dict[str, Any], token: Any, token_handler: Any, request: Any) -> str:
        session = self.code.session if self.code else self.grant.session if self.grant else None
        assert session is not None  # a token is made of a code or of a grant
        assert self.access is not None
        assert self.client is not None
        id_token["aud"] = self.client.client_id
        return id_tokens.signed(
            id_token, member=request.user, access=self.access, scopes=frozenset(request.scopes),
            signed_in_at=session.proved_at, second_step=session.second_step,
            issuer=self.issuer or address_of(self.client.enterprise.code), now=self.now,
            every=self.lives.signing_key,
        )  # fmt: skip


def seconds(life: timedelta) -> int:
    return int(life.total_seconds())
