"""The token endpoint: codes and refresh tokens become tokens (openapi-jointkit B.5, B.6; of OrgID B.10)."""

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
from tradepost.market.web.access import answers_nul, declare, now_of

from .models import AuthorizationCode
from .oauth import BAD_CLIENT, BAD_CODE, BAD_REFRESH_TOKEN, Endpoints
from .settings_of import address_of, lives
from .tenant import PROGRAMS, enterprise_of, tenant
from .token_rows import TokenRows

FORM = "application/x-www-form-urlencoded"
LONGEST_BODY = 16_384


@csrf_exempt
@require_POST
@tenant
def token(request: HttpRequest) -> HttpResponse:
    """One transaction around it, also for what is refused: a replay takes back what was given before."""
    return _answer(request, enterprise_of(request))


@csrf_exempt
@require_POST
def orgid_token(request: HttpRequest) -> HttpResponse:
    """At the main host the client says whose it is, or the application and what it redeems; its form may come as multipart."""
    return _answer(request, None)


def _answer(request: HttpRequest, enterprise: Enterprise | None) -> HttpResponse:
    form = _form(request)
    if form is None:
        return _error("invalid_request", "The body must be a short form in which each name stands once")
    basic = request.headers.get("Authorization", "")
    rows = TokenRows(
        enterprise=enterprise.pk if enterprise else None, lives=lives(),
        issuer=address_of(enterprise.code) if enterprise else "", now=clock.wall(), market_now=now_of(request),
    )  # fmt: skip
    try:
        _headers, body, status = Endpoints(rows).create_token_response(
            request.path, "POST", urlencode(form), {"Authorization": basic} if basic else {}
        )
    except OAuth2Error as wrong:
        return _error(str(wrong.error), str(wrong.description))
    told = json.loads(body)
    if status == HTTPStatus.OK:
        return _json(told, status)
    if rows.code is not None and rows.code.used_at is None:  # right or wrong, a code is good for one try
        AuthorizationCode.objects.filter(pk=rows.code.pk).update(used_at=rows.now)
    return _refused(told, form.get("grant_type", ""), basic=basic.lower().startswith("basic "))


def _form(request: HttpRequest) -> Mapping[str, str] | None:
    """None for what is no form, says a parameter twice (RFC 6749 §3.2), holds U+0000, or is too long. Files are none of it."""
    length = whole_number(request.META.get("CONTENT_LENGTH") or "0")
    if length is None or length > LONGEST_BODY or request.FILES:
        return None
    if any(len(values) != 1 or "\0" in values[0] for _name, values in request.POST.lists()):
        return None
    return {str(name): str(value) for name, value in request.POST.items() if value}


def _refused(told: Mapping[str, str], grant_type: str, *, basic: bool) -> HttpResponse:
    """In the words of the service (B.5, B.6)."""
    error = told["error"]
    if error == "invalid_client":
        status = HTTPStatus.UNAUTHORIZED if basic else HTTPStatus.BAD_REQUEST
        response = _error(error, BAD_CLIENT, status)
        if basic:
            response["WWW-Authenticate"] = 'Basic realm="token"'
        return response
    about_the_code = grant_type == "authorization_code" and error in {"invalid_grant", "invalid_request"}
    if error == "invalid_grant" or (about_the_code and told.get("error_description", "").startswith("Mismatching")):
        return _error("invalid_grant", BAD_REFRESH_TOKEN if grant_type == "refresh_token" else BAD_CODE)
    return _error(error, told.get("error_description", ""))


def _error(error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    return _json({"error": error, "error_description": description}, status)


def _json(told: Mapping[str, object], status: int) -> HttpResponse:
    response = HttpResponse(json.dumps(told), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


answers_nul(declare(token, PROGRAMS))
answers_nul(declare(orgid_token, PROGRAMS))
