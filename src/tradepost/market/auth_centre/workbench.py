"""A member's pages at the auth centre: applications, sign-ins, and access of applications (openapi-jointkit B.9)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.web import browsers

from . import connected_applications, consents, sessions
from .authorize_page import launch_url
from .may_sign_in import applications_of
from .models import Grant
from .tenant import clear_sign_in_cookie, enterprise_of, members_only, page, session_of

MAX_ROWS = 200
"""Maximum number of applications or sign-ins on a page."""


@require_safe
@members_only
def workbench(request: HttpRequest) -> HttpResponse:
    member = session_of(request).member
    items = [
        {"client": item.client, "usable": item.usable, "url": launch_url(item.client) if item.client.callback else ""}
        for item in applications_of(member, most=MAX_ROWS)
    ]
    context = _of(request) | {"applications": items}
    return render(request, "auth_centre/workbench.html", context)


@require_safe
@members_only
def sign_ins(request: HttpRequest) -> HttpResponse:
    current_session = session_of(request)
    rows = [
        {"row": row, "browser": browsers.browser_name(row.agent), "here": row.pk == current_session.pk}
        for row in sessions.active_sessions(current_session.member, now=clock.wall())[:MAX_ROWS]
    ]
    return render(request, "auth_centre/sign_ins.html", _of(request) | {"rows": rows})


@require_POST
@members_only
def end_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    current_session = session_of(request)
    session = sessions.active_sessions(current_session.member, now=clock.wall()).filter(pk=pk).first()
    if session is None:
        raise Http404
    sessions.end(session, Grant.Why.MEMBER, now=clock.wall())
    if session.pk == current_session.pk:
        answer = redirect(page(request, "sign_in"))
        clear_sign_in_cookie(request, answer)
        return answer
    messages.success(request, _("The sign-in was ended. Applications opened from it lost their access."))
    return redirect(page(request, "sign_ins"))


@require_POST
@members_only
def end_others(request: HttpRequest) -> HttpResponse:
    current_session = session_of(request)
    other_sessions = sessions.active_sessions(current_session.member, now=clock.wall()).exclude(pk=current_session.pk)
    ended_count = sessions.end_all(other_sessions, Grant.Why.MEMBER, now=clock.wall())
    messages.success(request, _("Other sign-ins ended: %(number)s.") % {"number": ended_count})
    return redirect(page(request, "sign_ins"))


@require_safe
@members_only
def access(request: HttpRequest) -> HttpResponse:
    member = session_of(request).member
    rows = connected_applications.of_member(member, now=clock.wall(), most=MAX_ROWS)
    items = [{"one": item, "fields": consents.labels_of(item.fields), "url": f"{item.client.pk}/end/"} for item in rows]
    return render(request, "auth_centre/access.html", _of(request) | {"rows": items})


@require_POST
@members_only
def end_access(request: HttpRequest, pk: int) -> HttpResponse:
    member = session_of(request).member
    if not connected_applications.end(member, pk, now=clock.wall()):
        raise Http404
    messages.success(
        request, _("The application can no longer access your details. It will ask again when you open it.")
    )
    return redirect(page(request, "access"))


def _of(request: HttpRequest) -> dict[str, object]:
    return {"enterprise": enterprise_of(request), "member": session_of(request).member}
