"""The OAuth endpoints of the auth centre: ``oauthlib`` with the grants that the kit's protocol has, and its words for errors.

Codes and refresh tokens only: no implicit, password or client grants, and PKCE by S256 alone (RFC 9700 §2.1, §2.4).
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

from .freshness import required_by
from .grants import new_token
from .models import LONGEST_NONCE
from .token_rows import TokenRows, seconds

BAD_CODE = "Invalid authorization code"
BAD_REFRESH_TOKEN = "Invalid refresh token"  # noqa: S105  # words of B.6
BAD_CLIENT = "Bad client credentials"
CLIENT_MISMATCH = "Client ID mismatch"
NO_TOKEN = "Full authentication is required to access this resource"  # noqa: S105  # words of B.7

UNSUPPORTED: Mapping[str, type[errors.OAuth2Error]] = {
    "request": RequestNotSupported, "request_uri": RequestURINotSupported, "registration": RegistrationNotSupported,
}  # fmt: skip
"""OpenID Connect Core §3.1.2.6: who passed them over would answer another request than was made."""
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.2."""


class Endpoints(AuthorizationEndpoint, TokenEndpoint):  # type: ignore[misc]  # published without types
    """One a request: ``rows`` keeps what is decided about it."""

    def __init__(self, rows: TokenRows) -> None:
        self.rows = rows
        plain, openid = AuthorizationCodeGrant(rows), OpenIdCodeGrant(rows)
        for grant in (plain, openid):
            grant.custom_validators.pre_auth.append(_only_supported)
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


def _only_supported(request: Any) -> dict[str, Any]:
    """Refuse what would be misunderstood if it were passed over. Raises ``OAuth2Error``."""
    for name, wrong in UNSUPPORTED.items():
        if getattr(request, name, None):
            raise wrong(request=request)
    for words in _misunderstood(request):
        raise errors.InvalidRequestError(description=words, request=request)
    if request.code_challenge is not None and request.code_challenge_method != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(request=request)
    return {}


def _misunderstood(request: Any) -> Iterator[str]:
    if request.duplicate_params:
        yield "A parameter is given twice"
    if getattr(request, "response_mode", None) not in {None, "", "query"}:
        yield "The response mode must be query"
    if request.code_challenge is not None and not CHALLENGE.fullmatch(request.code_challenge):
        yield "The code challenge must have 43 to 128 letters, digits, hyphens, dots, underscores or tildes"
    if len(request.nonce or "") > LONGEST_NONCE:
        yield f"The nonce must have at most {LONGEST_NONCE} characters"
    prompts = set((request.prompt or "").split())
    if "none" in prompts and len(prompts) > 1:
        yield "The prompt none excludes all others"
    try:
        required_by({"max_age": request.max_age or ""})
    except ValueError:
        yield "max_age must be a whole number of seconds"
