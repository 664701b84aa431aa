"""Sign out at the auth centre, from an application's own button (openapi-jointkit B.8, CAS 3.0 §2.3)."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.applications.models import Client
from tradepost.market.base import clock

from . import sessions
from .models import Grant
from .redirects import may_return_to
from .tenant import enterprise_of, forget, page, signed_in, tenant

ASKED_BY = ("redirect_url", "post_logout_redirect_uri", "service", "url")
"""B.8's name first; those of OpenID Connect, CAS 3 and CAS 2."""
MOST_CLIENTS = 1000


@never_cache
@require_safe
@tenant
def logout(request: HttpRequest) -> HttpResponse:
    """What applications hold of this sign-in ends with it. Back to an origin of a registered callback, or to the sign-in page."""
    session = signed_in(request)
    if session is not None and request.method == "GET":
        with transaction.atomic():
            sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
    answer = _back(request)
    forget(request, answer)
    return answer


def _back(request: HttpRequest) -> HttpResponse:
    asked = next((request.GET[name] for name in ASKED_BY if request.GET.get(name)), "")
    callbacks = Client.objects.filter(enterprise=enterprise_of(request)).exclude(callback="")
    if not asked or not may_return_to(asked, callbacks.values_list("callback", flat=True)[:MOST_CLIENTS]):
        return redirect(page(request, "sign_in"))
    answer = HttpResponse(status=HTTPStatus.FOUND)
    answer["Location"] = asked
    return answer
