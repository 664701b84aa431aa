"""Sign out at the auth centre from an application (openapi-jointkit B.8, CAS 3.0 §2.3, OpenID Connect RP-Initiated
Logout 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tradepost.market.applications.models import Client
from tradepost.market.base import clock
from tradepost.market.web.access import accept_nul

from . import sessions, signing_keys
from .models import Grant
from .redirects import may_return_to, with_parameters
from .settings_of import address_of
from .tenant import clear_sign_in_cookie, current_sign_in, enterprise_of, page, repeat_as_get, tenant

OPENID_RETURN_PARAMETER = "post_logout_redirect_uri"
RETURN_PARAMETERS = ("redirect_url", OPENID_RETURN_PARAMETER, "service", "url")
"""Parameters for the return address: of B.8, OpenID Connect, CAS 3 and CAS 2, in order of precedence."""
MAX_CLIENTS = 1000

type Claims = Mapping[str, Any]


@accept_nul
@never_cache
@csrf_exempt  # a form POST of an application is repeated as a GET
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def logout(request: HttpRequest) -> HttpResponse:
    """End the sign-in with its grants, then redirect to the origin of a registered callback or to the sign-in page.

    A sign-in of another person than the ``id_token_hint`` names is not ended.
    """
    if request.method == "POST":
        return repeat_as_get(request)
    hint = _hint(request)
    session = current_sign_in(request)
    if session is not None and hint and hint.get("sub") != session.member.public_id:
        return _redirect_to_origin(request, hint)
    if session is not None and request.method == "GET":
        with transaction.atomic():
            sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
    response = _redirect_to_origin(request, hint)
    clear_sign_in_cookie(request, response)
    return response


def _hint(request: HttpRequest) -> Claims | None:
    """Return the claims of the id token hint; empty if the token is not ours, None if there is no hint."""
    token = request.GET.get("id_token_hint", "")
    if not token:
        return None
    claims = signing_keys.read_token(token)
    return claims if claims and claims.get("iss") == address_of(enterprise_of(request).code) else {}


def _redirect_to_origin(request: HttpRequest, hint: Claims | None) -> HttpResponse:
    name = next((name for name in RETURN_PARAMETERS if request.GET.get(name)), "")
    return_url = request.GET.get(name, "")
    if not return_url or not may_return_to(
        return_url, _callbacks(request, hint if name == OPENID_RETURN_PARAMETER else None)
    ):
        return redirect(page(request, "sign_in"))
    state = {"state": request.GET.get("state", "")} if name == OPENID_RETURN_PARAMETER else {}
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = with_parameters(return_url, state)
    return response


def _callbacks(request: HttpRequest, hint: Claims | None) -> list[str]:
    """Return the callbacks of the requesting application if it is named (RP-Initiated Logout §2, §3), otherwise all."""
    clients = Client.objects.filter(enterprise=enterprise_of(request)).exclude(callback="")
    client_id = request.GET.get("client_id", "")
    if "\0" in client_id or (client_id and hint is not None and hint.get("aud") != client_id):
        return []
    if hint is not None:
        clients = clients.filter(client_id=str(hint.get("aud", "")))
    elif client_id:
        clients = clients.filter(client_id=client_id)
    return list(clients.values_list("callback", flat=True)[:MAX_CLIENTS])
