"""A member's own two-step sign-in, among the pages of the workbench: also for accounts that the market's own pages do not know."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.web import second_step_pages
from tradepost.market.web.second_step_pages import Place

from . import pending
from .models import SignInSession
from .tenant import enterprise_of, members_only, page, session_of

BASE = "auth_centre/layout.html"


def _place(request: HttpRequest) -> Place:
    member, enterprise = session_of(request).member, enterprise_of(request)
    return Place(
        user=member.user, account=f"{member.user_name}@{enterprise.code}", base=BASE, home=page(request, "two_step"),
        more={"enterprise": enterprise, "member": member},
    )  # fmt: skip


@require_safe
@members_only
def state(request: HttpRequest) -> HttpResponse:
    place = _place(request)
    context = {
        **place.more, "state": second_factor.state(place.user), "all_codes": second_factor.CODES,
        "on_url": page(request, "two_step_on"), "off_url": page(request, "two_step_off"),
        "codes_url": page(request, "two_step_codes"),
    }  # fmt: skip
    return render(request, "auth_centre/two_step.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def turn_on(request: HttpRequest) -> HttpResponse:
    place = _place(request)

    def done(codes: list[str]) -> HttpResponse:
        shown = second_step_pages.show_codes(request, place, codes)
        return pending.renew(request, shown, SignInSession.SecondStep.APP)

    return second_step_pages.turn_on(request, place, done)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def turn_off(request: HttpRequest) -> HttpResponse:
    place, enterprise = _place(request), enterprise_of(request)
    if enterprise.second_step_required:
        words = _("%(enterprise)s asks its members for two-step sign-in: it cannot be turned off here.")
        raise Refused("second_step.required", words % {"enterprise": enterprise.name})

    def done() -> HttpResponse:
        messages.success(request, _("Two-step sign-in is off. All other browsers are signed out."))
        return pending.renew(request, redirect(place.home), SignInSession.SecondStep.NONE)

    return second_step_pages.turn_off(request, place, done)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def new_codes(request: HttpRequest) -> HttpResponse:
    return second_step_pages.draw_codes(request, _place(request))


# They hash a password: in one transaction it would be hashed while SQLite's lock is held.
for _view in (turn_on, turn_off, new_codes):
    _view.own_transactions = True  # type: ignore[attr-defined]
