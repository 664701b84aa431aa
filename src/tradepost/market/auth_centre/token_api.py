"""The token endpoint, which exchanges codes and refresh tokens (openapi-jointkit B.5, B.6; B.10 for OrgID)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from tradepost.market.base import clock
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import accept_nul, declare_access, now_of

from .models import AuthorizationCode
from .oauth import BAD_CLIENT, BAD_CODE, BAD_REFRESH_TOKEN, Endpoints
from .settings_of import address_of, lifetimes
from .tenant import PROGRAMS, enterprise_of, tenant
from .token_rows import TokenRows

FORM = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 16_384


@csrf_exempt
@require_POST
@tenant
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or refresh token. Runs in one transaction also when refused, since a replay revokes earlier
    grants."""
    return _answer(request, enterprise_of(request))


@csrf_exempt
@require_POST
def orgid_token(request: HttpRequest) -> HttpResponse:
    """Exchange at the main host. The client, or the application and its code, identifies the enterprise. Multipart is
    allowed."""
    return _answer(request, None)


def _answer(request: HttpRequest, enterprise: Enterprise | None) -> HttpResponse:
    form = _form(request)
    if form is None:
        return _error("invalid_request", "The body must be a short form in which each name stands once")
    basic = request.headers.get("Authorization", "")
    rows = TokenRows(
        enterprise=enterprise.pk if enterprise else None, lives=lifetimes(),
        issuer=address_of(enterprise.code) if enterprise else "", now=clock.wall(), market_now=now_of(request),
    )  # fmt: skip
    try:
        _headers, body, status = Endpoints(rows).create_token_response(
            request.path, "POST", urlencode(form), {"Authorization": basic} if basic else {}
        )
    except OAuth2Error as error:
        return _error(str(error.error), str(error.description))
    content = json.loads(body)
    if status == HTTPStatus.OK:
        return _json(content, status)
    if rows.code is not None and rows.code.used_at is None:  # any attempt uses up a code
        AuthorizationCode.objects.filter(pk=rows.code.pk).update(used_at=rows.now)
    return _refused(content, form.get("grant_type", ""), basic=basic.lower().startswith("basic "))


def _form(request: HttpRequest) -> Mapping[str, str] | None:
    """Return the form; None if it is invalid, too long, or has a repeated parameter (RFC 6749 §3.2), U+0000 or
    files."""
    length = whole_number(request.META.get("CONTENT_LENGTH") or "0")
    if length is None or length > MAX_BODY_BYTES or request.FILES:
        return None
    if any(len(values) != 1 or "\0" in values[0] for _name, values in request.POST.lists()):
        return None
    return {str(name): str(value) for name, value in request.POST.items() if value}


def _refused(content: Mapping[str, str], grant_type: str, *, basic: bool) -> HttpResponse:
    """Return the error in the form of the service (B.5, B.6)."""
    error = content["error"]
    if error == "invalid_client":
        status = HTTPStatus.UNAUTHORIZED if basic else HTTPStatus.BAD_REQUEST
        response = _error(error, BAD_CLIENT, status)
        if basic:
            response["WWW-Authenticate"] = 'Basic realm="token"'
        return response
    about_the_code = grant_type == "authorization_code" and error in {"invalid_grant", "invalid_request"}
    if error == "invalid_grant" or (about_the_code and content.get("error_description", "").startswith("Mismatching")):
        return _error("invalid_grant", BAD_REFRESH_TOKEN if grant_type == "refresh_token" else BAD_CODE)
    return _error(error, content.get("error_description", ""))


def _error(error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    return _json({"error": error, "error_description": description}, status)


def _json(content: Mapping[str, object], status: int) -> HttpResponse:
    response = HttpResponse(json.dumps(content), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


accept_nul(declare_access(token, PROGRAMS))
accept_nul(declare_access(orgid_token, PROGRAMS))
