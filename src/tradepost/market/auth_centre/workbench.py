"""A member's own pages at the auth centre: applications, sign-ins, and what applications hold (openapi-jointkit B.9)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.web import browsers

from . import consents, held, sessions
from .authorize_page import launch_url
from .may_sign_in import applications_of
from .models import Grant
from .tenant import enterprise_of, forget, members_only, page, session_of

MOST = 200
"""Applications and sign-ins that a page shows."""


@require_safe
@members_only
def workbench(request: HttpRequest) -> HttpResponse:
    member = session_of(request).member
    shown = [
        {"client": one.client, "usable": one.usable, "url": launch_url(one.client) if one.client.callback else ""}
        for one in applications_of(member, most=MOST)
    ]
    context = _of(request) | {"applications": shown}
    return render(request, "auth_centre/workbench.html", context)


@require_safe
@members_only
def sign_ins(request: HttpRequest) -> HttpResponse:
    mine = session_of(request)
    rows = [
        {"row": row, "browser": browsers.in_words(row.agent), "here": row.pk == mine.pk}
        for row in sessions.living_of(mine.member, now=clock.wall())[:MOST]
    ]
    return render(request, "auth_centre/sign_ins.html", _of(request) | {"rows": rows})


@require_POST
@members_only
def end_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    mine = session_of(request)
    found = sessions.living_of(mine.member, now=clock.wall()).filter(pk=pk).first()
    if found is None:
        raise Http404
    sessions.end(found, Grant.Why.MEMBER, now=clock.wall())
    if found.pk == mine.pk:
        answer = redirect(page(request, "sign_in"))
        forget(request, answer)
        return answer
    messages.success(request, _("That sign-in is ended, and what applications held of it."))
    return redirect(page(request, "sign_ins"))


@require_POST
@members_only
def end_others(request: HttpRequest) -> HttpResponse:
    mine = session_of(request)
    others = sessions.living_of(mine.member, now=clock.wall()).exclude(pk=mine.pk)
    ended = sessions.end_all(others, Grant.Why.MEMBER, now=clock.wall())
    messages.success(request, _("Ended elsewhere: %(number)s.") % {"number": ended})
    return redirect(page(request, "sign_ins"))


@require_safe
@members_only
def access(request: HttpRequest) -> HttpResponse:
    member = session_of(request).member
    rows = held.of(member, now=clock.wall(), most=MOST)
    shown = [{"one": one, "fields": consents.in_words(one.fields), "url": f"{one.client.pk}/end/"} for one in rows]
    return render(request, "auth_centre/access.html", _of(request) | {"rows": shown})


@require_POST
@members_only
def end_access(request: HttpRequest, pk: int) -> HttpResponse:
    member = session_of(request).member
    if not held.end(member, pk, now=clock.wall()):
        raise Http404
    messages.success(request, _("The application holds nothing of you any more. It asks again when you open it."))
    return redirect(page(request, "access"))


def _of(request: HttpRequest) -> dict[str, object]:
    return {"enterprise": enterprise_of(request), "member": session_of(request).member}
