"""The OAuth endpoints: ``oauthlib`` with the grants and the error messages of the kit's protocol.

Only codes and refresh tokens: no implicit, password or client grants, and PKCE only with S256 (RFC 9700 §2.1, §2.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oauthlib.oauth2 import AuthorizationEndpoint, BearerToken, TokenEndpoint
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant
from oauthlib.openid.connect.core.exceptions import (
    RegistrationNotSupported,
    RequestNotSupported,
    RequestURINotSupported,
)
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant as OpenIdCodeGrant
from oauthlib.openid.connect.core.grant_types import (
    AuthorizationCodeGrantDispatcher,
    AuthorizationTokenGrantDispatcher,
    RefreshTokenGrant,
)

from .freshness import requirement_of
from .grants import new_token
from .models import MAX_NONCE_LENGTH
from .token_rows import TokenRows, seconds

BAD_CODE = "Invalid authorization code"
BAD_REFRESH_TOKEN = "Invalid refresh token"  # noqa: S105  # a message of B.6
BAD_CLIENT = "Bad client credentials"
CLIENT_MISMATCH = "Client ID mismatch"
NO_TOKEN = "Full authentication is required to access this resource"  # noqa: S105  # a message of B.7

UNSUPPORTED: Mapping[str, type[errors.OAuth2Error]] = {
    "request": RequestNotSupported, "request_uri": RequestURINotSupported, "registration": RegistrationNotSupported,
}  # fmt: skip
"""Refused, since ignoring them would answer another request (OpenID Connect Core §3.1.2.6)."""
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.2."""


class Endpoints(AuthorizationEndpoint, TokenEndpoint):  # type: ignore[misc]  # published without types
    """The endpoints for one request; ``rows`` collects its decisions."""

    def __init__(self, rows: TokenRows) -> None:
        self.rows = rows
        plain, openid = AuthorizationCodeGrant(rows), OpenIdCodeGrant(rows)
        for grant in (plain, openid):
            grant.custom_validators.pre_auth.append(_check_supported)
        bearer = BearerToken(rows, new_token, seconds(rows.lives.access_token), new_token)
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            default_token_type=bearer,
            response_types={"code": AuthorizationCodeGrantDispatcher(plain, openid)},
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={
                "authorization_code": AuthorizationTokenGrantDispatcher(rows, plain, openid),
                "refresh_token": RefreshTokenGrant(rows),
            },
        )


def _check_supported(request: Any) -> dict[str, Any]:
    """Refuse parameters that must not be ignored. Raises ``OAuth2Error``."""
    for name, error in UNSUPPORTED.items():
        if getattr(request, name, None):
            raise error(request=request)
    for message in _unsupported_values(request):
        raise errors.InvalidRequestError(description=message, request=request)
    if request.code_challenge is not None and request.code_challenge_method != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(request=request)
    return {}


def _unsupported_values(request: Any) -> Iterator[str]:
    if request.duplicate_params:
        yield "A parameter is given twice"
    if getattr(request, "response_mode", None) not in {None, "", "query"}:
        yield "The response mode must be query"
    if request.code_challenge is not None and not CHALLENGE.fullmatch(request.code_challenge):
        yield "The code challenge must have 43 to 128 letters, digits, hyphens, dots, underscores or tildes"
    if len(request.nonce or "") > MAX_NONCE_LENGTH:
        yield f"The nonce must have at most {MAX_NONCE_LENGTH} characters"
    prompts = set((request.prompt or "").split())
    if "none" in prompts and len(prompts) > 1:
        yield "The prompt none excludes all others"
    try:
        requirement_of({"max_age": request.max_age or ""})
    except ValueError:
        yield "max_age must be a whole number of seconds"
