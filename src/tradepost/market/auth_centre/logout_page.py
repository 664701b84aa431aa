"""Sign out at the auth centre, from an application's own button (openapi-jointkit B.8, CAS 3.0 §2.3, OpenID Connect
RP-Initiated Logout 1.0)."""

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
from tradepost.market.web.access import answers_nul

from . import sessions, signing_keys
from .models import Grant
from .redirects import may_return_to, with_parameters
from .settings_of import address_of
from .tenant import by_get, enterprise_of, forget, page, signed_in, tenant

OPENID_BACK = "post_logout_redirect_uri"
ASKED_BY = ("redirect_url", OPENID_BACK, "service", "url")
"""B.8's name first; those of OpenID Connect, CAS 3 and CAS 2."""
MOST_CLIENTS = 1000

type Claims = Mapping[str, Any]


@answers_nul
@never_cache
@csrf_exempt  # a form of an application is repeated as a GET
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def logout(request: HttpRequest) -> HttpResponse:
    """What applications hold of this sign-in ends with it. Back to an origin of a registered callback, or to the sign-in page.

    A sign-in of another person than the ``id_token_hint`` names goes on: the application signs out somebody else.
    """
    if request.method == "POST":
        return by_get(request)
    hint = _hint(request)
    session = signed_in(request)
    if session is not None and hint and hint.get("sub") != session.member.public_id:
        return _back(request, hint)
    if session is not None and request.method == "GET":
        with transaction.atomic():
            sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
    answer = _back(request, hint)
    forget(request, answer)
    return answer


def _hint(request: HttpRequest) -> Claims | None:
    """Claims of the id token that the application had; empty for one that is not ours, None where none is given."""
    given = request.GET.get("id_token_hint", "")
    if not given:
        return None
    told = signing_keys.read(given)
    return told if told and told.get("iss") == address_of(enterprise_of(request).code) else {}


def _back(request: HttpRequest, hint: Claims | None) -> HttpResponse:
    name = next((name for name in ASKED_BY if request.GET.get(name)), "")
    asked = request.GET.get(name, "")
    if not asked or not may_return_to(asked, _callbacks(request, hint if name == OPENID_BACK else None)):
        return redirect(page(request, "sign_in"))
    state = {"state": request.GET.get("state", "")} if name == OPENID_BACK else {}
    answer = HttpResponse(status=HTTPStatus.FOUND)
    answer["Location"] = with_parameters(asked, state)
    return answer


def _callbacks(request: HttpRequest, hint: Claims | None) -> list[str]:
    """Of the application that asks, where it says which one it is (RP-Initiated Logout §2, §3); else of all of the enterprise."""
    clients = Client.objects.filter(enterprise=enterprise_of(request)).exclude(callback="")
    named = request.GET.get("client_id", "")
    if "\0" in named or (named and hint is not None and hint.get("aud") != named):
        return []
    if hint is not None:
        clients = clients.filter(client_id=str(hint.get("aud", "")))
    elif named:
        clients = clients.filter(client_id=named)
    return list(clients.values_list("callback", flat=True)[:MOST_CLIENTS])
