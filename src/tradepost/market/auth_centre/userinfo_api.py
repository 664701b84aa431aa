"""The userinfo endpoints: the owner of an access token (openapi-jointkit B.7; B.10 for OrgID)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tradepost.market.base import clock
from tradepost.market.web.access import accept_nul, declare_access

from . import claims
from .grants import TokenHolder, TokenRefusal, holder_of
from .oauth import NO_TOKEN
from .person_of import person_of
from .tenant import PROGRAMS, enterprise_of, tenant

ORGID_HEADER = "X-OrgID-Authorization"
ILLEGAL, EXPIRED = "OrgID.OAUTH.4000", "OrgID.OAUTH.4001"


@csrf_exempt
@tenant
def userinfo(request: HttpRequest) -> HttpResponse:
    """Return the userinfo. The token is accepted only in the header, since addresses are logged (RFC 9700 §4.3)."""
    header = request.headers.get("Authorization", "")
    holder = _holder(header, enterprise_of(request).pk)
    if isinstance(holder, TokenRefusal):
        response = _json({"error": "unauthorized", "error_description": NO_TOKEN}, HTTPStatus.UNAUTHORIZED)
        # no error code for a request without a token (RFC 6750 §3.1)
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"' if header else 'Bearer realm="userinfo"'
        return response
    person = person_of(holder.grant.member, holder.access)
    return _json(claims.userinfo(person, frozenset(holder.grant.scope.split())))


@csrf_exempt
def orgid_userinfo(request: HttpRequest) -> HttpResponse:
    holder = _holder(request.headers.get(ORGID_HEADER, ""), None)
    if isinstance(holder, TokenRefusal):
        code = EXPIRED if holder.expired else ILLEGAL
        words = "The token is expired" if holder.expired else "The token is illegal"
        return _json({"error_code": code, "error_msg": words}, HTTPStatus.UNAUTHORIZED)
    return _json(claims.orgid_userinfo(person_of(holder.grant.member, holder.access)))


def _holder(header: str, enterprise: int | None) -> TokenHolder | TokenRefusal:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return TokenRefusal(expired=False)
    return holder_of(token.strip(), now=clock.wall(), enterprise=enterprise)


def _json(content: Mapping[str, object], status: int = HTTPStatus.OK) -> HttpResponse:
    response = HttpResponse(json.dumps(content, ensure_ascii=False), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


accept_nul(declare_access(userinfo, PROGRAMS))
accept_nul(declare_access(orgid_userinfo, PROGRAMS))
