"""The authorisation endpoint: a browser comes for an application and goes back with a code (openapi-jointkit B.4).

What is wrong with the request itself is said here and sent nowhere; only a registered callback is ever redirected to.
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oauthlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    ConsentRequired,
    FatalClientError,
    InvalidClientIdError,
    LoginRequired,
    OAuth2Error,
)

from tradepost.market.applications.models import Client
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.web.access import now_of

from . import consents, signing_keys
from .claims import OPENID
from .may_sign_in import Access, access
from .models import SignInSession
from .oauth import CLIENT_MISMATCH, Endpoints
from .redirects import with_parameters
from .settings_of import address_of, asks_for_consent, lives
from .tenant import enterprise_of, leads_to, refusal, sign_in_url, signed_in, tenant
from .token_rows import TokenRows

AGREED = "agree"
LONGEST_QUERY = 8000


@never_cache
@require_http_methods(["GET", "POST"])
@tenant
def authorize(request: HttpRequest) -> HttpResponse:
    """A POST is the answer to the question for consent; its query is that of the question."""
    if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
        return _wrong(request, OAuth2Error("The request is too long"))
    session = signed_in(request)
    rows = _rows(request, session)
    endpoints = Endpoints(rows)
    try:
        scopes, asked = endpoints.validate_authorization_request(_uri(request), "GET")
    except FatalClientError as wrong:
        return _wrong(request, wrong)
    except OAuth2Error as wrong:
        return _back_with(request, rows, wrong)
    except ValueError:
        return _wrong(request, OAuth2Error("The query cannot be read"))
    client = rows.client
    assert client is not None  # validated
    silent = "none" in (asked.get("prompt") or ())
    if session is None or _must_sign_in_again(request, asked, session):
        if silent:
            return _back_with(request, rows, LoginRequired(state=asked.get("state")))
        return redirect(sign_in_url(request, _without_prompt(request)))
    allowed = access(session.member, client)
    if isinstance(allowed, Refused):
        if silent:
            return _back_with(request, rows, AccessDeniedError(state=asked.get("state")))
        return refusal(request, allowed, client=client)
    if asks_for_consent() and not consents.covers(session.member, client, allowed):
        if silent:
            return _back_with(request, rows, ConsentRequired(state=asked.get("state")))
        if request.method != "POST" or AGREED not in request.POST:
            return _ask(request, session, client, allowed)
        consents.give(session.member, client, allowed, now=rows.now)
    return _send_back(request, endpoints, scopes)


def launch_url(client: Client) -> str:
    """From the workbench: the same, without a state, since it is not the application that begins (B.9)."""
    query = urlencode({"response_type": "code", "client_id": client.client_id, "redirect_uri": client.callback})
    return f"api/v1/oauth2/authorize?{query}"


def _rows(request: HttpRequest, session: SignInSession | None) -> TokenRows:
    enterprise = enterprise_of(request)
    return TokenRows(
        enterprise=enterprise.pk, lives=lives(), issuer=address_of(enterprise.code), now=clock.wall(),
        market_now=now_of(request), session=session,
    )  # fmt: skip


def _uri(request: HttpRequest) -> str:
    return f"{request.path}?{request.META.get('QUERY_STRING', '')}"


def _send_back(request: HttpRequest, endpoints: Endpoints, scopes: list[str]) -> HttpResponse:
    rows = endpoints.rows
    if OPENID in scopes:  # before the code goes out, so that its application finds the key in the list
        signing_keys.ensure(every=rows.lives.signing_key, now=rows.now)
    with transaction.atomic():
        headers, _body, _status = endpoints.create_authorization_response(_uri(request), "GET", scopes=scopes)
    return _to(request, headers["Location"])


def _to(request: HttpRequest, location: str) -> HttpResponse:
    """To a registered callback, with whose tenant it is (B.2) and who says so (RFC 9207, against mixed-up issuers)."""
    enterprise = enterprise_of(request)
    address = with_parameters(location, {"tenant": enterprise.public_id, "iss": address_of(enterprise.code)})
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = address
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return leads_to(response, address)


def _back_with(request: HttpRequest, rows: TokenRows, wrong: OAuth2Error) -> HttpResponse:
    """The callback stands: the application learns what it asked wrongly."""
    if rows.client is None:
        return _wrong(request, wrong)
    return _to(request, wrong.in_uri(rows.client.callback))


def _wrong(request: HttpRequest, wrong: OAuth2Error) -> HttpResponse:
    """To a person as a page, to a program as the service answers it (B.4)."""
    mismatch = isinstance(wrong, InvalidClientIdError)
    error = "invalid_client" if mismatch else str(wrong.error or "invalid_request")
    description = CLIENT_MISMATCH if mismatch else str(wrong.description)
    if "text/html" not in request.headers.get("Accept", ""):
        body = json.dumps({"error": error, "error_description": description})
        return HttpResponse(body, status=HTTPStatus.BAD_REQUEST, content_type="application/json")
    context = {"enterprise": enterprise_of(request), "error": f"{error}: {description}", "mismatch": mismatch}
    return render(request, "auth_centre/bad_request.html", context, status=HTTPStatus.BAD_REQUEST)


def _must_sign_in_again(request: HttpRequest, asked: dict[str, Any], session: SignInSession) -> bool:
    """By ``prompt=login``, or a ``max_age`` that is over (OpenID Connect Core §3.1.2.1)."""
    if "login" in (asked.get("prompt") or ()):
        return True
    most = whole_number(request.GET.get("max_age", ""), digits=9)
    return most is not None and session.begun_at + timedelta(seconds=most) < clock.wall()


def _without_prompt(request: HttpRequest) -> str:
    """The same request after signing in, which answers ``prompt``."""
    query = request.GET.copy()
    query.pop("prompt", None)
    return f"{request.path}?{query.urlencode()}"


def _ask(request: HttpRequest, session: SignInSession, client: Client, allowed: Access) -> HttpResponse:
    context = {
        "enterprise": enterprise_of(request), "client": client, "member": session.member,
        "fields": consents.in_words(allowed.released), "title": _("Share your details?"),
    }  # fmt: skip
    return leads_to(render(request, "auth_centre/consent.html", context), client.callback)
