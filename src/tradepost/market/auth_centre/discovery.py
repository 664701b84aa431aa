"""OpenID Connect Discovery and the keys of id tokens (openapi-jointkit B.10)."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base import clock

from . import signing_keys
from .claims import SCOPES
from .key_rotation import LIST_AGE
from .settings_of import address_of, lifetimes
from .tenant import enterprise_of, tenant


@require_safe
@tenant
def configuration(request: HttpRequest) -> HttpResponse:
    issuer = address_of(enterprise_of(request).code)
    return _json({
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/api/v1/oauth2/authorize",
        "token_endpoint": f"{issuer}/api/v1/oauth2/token",
        "userinfo_endpoint": f"{issuer}/api/v1/oauth2/userinfo",
        "end_session_endpoint": f"{issuer}/api/v1/logout",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing_keys.ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "phone_number", "tenant", "auth_time", "amr"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    })  # fmt: skip


@require_safe
@tenant
def jwks(_request: HttpRequest) -> HttpResponse:
    """Return the keys. The list is never empty, since clients cache it for an hour and would miss the first key."""
    signing_keys.ensure_key(every=lifetimes().signing_key, now=clock.wall())
    return _json({"keys": signing_keys.public_keys(clock.wall())})


def _json(body: dict[str, object]) -> HttpResponse:
    response = HttpResponse(json.dumps(body), content_type="application/json")
    response["Cache-Control"] = f"public, max-age={int(LIST_AGE.total_seconds())}"
    return response
