"""The OAuth endpoints of the auth centre: ``oauthlib`` with the grants that the kit's protocol has, and its words for errors.

Codes and refresh tokens only: no implicit, password or client grants, and PKCE by S256 alone (RFC 9700 §2.1, §2.4).
"""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2 import AuthorizationEndpoint, BearerToken, TokenEndpoint
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant as OpenIdCodeGrant
from oauthlib.openid.connect.core.grant_types import (
    AuthorizationCodeGrantDispatcher,
    AuthorizationTokenGrantDispatcher,
    RefreshTokenGrant,
)

from .grants import new_token
from .token_rows import TokenRows, seconds

BAD_CODE = "Invalid authorization code"
BAD_REFRESH_TOKEN = "Invalid refresh token"  # noqa: S105  # words of B.6
BAD_CLIENT = "Bad client credentials"
CLIENT_MISMATCH = "Client ID mismatch"
NO_TOKEN = "Full authentication is required to access this resource"  # noqa: S105  # words of B.7


class Endpoints(AuthorizationEndpoint, TokenEndpoint):  # type: ignore[misc]  # published without types
    """One a request: ``rows`` keeps what is decided about it."""

    def __init__(self, rows: TokenRows) -> None:
        self.rows = rows
        plain, openid = AuthorizationCodeGrant(rows), OpenIdCodeGrant(rows)
        for grant in (plain, openid):
            grant.custom_validators.pre_auth.append(_only_s256)
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


def _only_s256(request: Any) -> dict[str, Any]:
    if request.code_challenge is not None and request.code_challenge_method != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(request=request)
    return {}
