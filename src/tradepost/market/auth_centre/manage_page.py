"""Lead administrators from the auth centre to the pages that manage their enterprise (decision 0083)."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.organisations import admin_visits

from . import sessions
from .hosts import HOST_CODE
from .models import Grant, SignInSession
from .settings_of import market_address
from .tenant import clear_sign_in_cookie, enterprise_of, members_only, refusal, session_of, sign_in_url

STATE = re.compile(r"[0-9a-f]{64}")


@require_safe
@members_only
def manage(request: HttpRequest) -> HttpResponse:
    """With a state from those pages, return there with a ticket. Without one, go there first to get it."""
    code, session = enterprise_of(request).code, session_of(request)
    entry = reverse("storefront:enterprise_enter", args=[code])
    if HOST_CODE in request.META:
        entry = f"{market_address()}{entry}"
    state = request.GET.get("state", "")
    if not STATE.fullmatch(state):
        return redirect(entry)
    if _lacks_second_step(session):
        sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
        response = redirect(sign_in_url(request, request.get_full_path()))
        clear_sign_in_cookie(request, response)
        return response
    try:
        ticket = admin_visits.create_ticket(
            session.member, state_hash=state, sign_in=session.pk, until=session.expires_at, now=clock.wall()
        )
    except Refused as refused:
        return refusal(request, refused)
    response = redirect(f"{entry}?{urlencode({'ticket': ticket})}")
    response["Cache-Control"], response["Referrer-Policy"] = "no-store", "no-referrer"
    return response


def _lacks_second_step(session: SignInSession) -> bool:
    """Return whether the sign-in began before the second step was turned on or became required."""
    is_required = session.member.enterprise.second_step_required or second_factor.is_on(session.member.user)
    return is_required and session.second_step == SignInSession.SecondStep.NONE
