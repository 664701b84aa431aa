"""A member's two-step sign-in on the workbench, also for accounts that cannot use the market's pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.web import second_step_pages
from tradepost.market.web.second_step_pages import SecondStepContext

from . import pending
from .models import SignInSession
from .tenant import enterprise_of, members_only, page, session_of

BASE = "auth_centre/layout.html"


def _place(request: HttpRequest) -> SecondStepContext:
    member, enterprise = session_of(request).member, enterprise_of(request)
    return SecondStepContext(
        user=member.user, account=f"{member.user_name}@{enterprise.code}", base=BASE, home=page(request, "two_step"),
        more={"enterprise": enterprise, "member": member},
    )  # fmt: skip


@require_safe
@members_only
def state(request: HttpRequest) -> HttpResponse:
    step_context = _place(request)
    context = {
        **step_context.more, "state": second_factor.state(step_context.user), "all_codes": second_factor.RECOVERY_CODE_COUNT,
        "on_url": page(request, "two_step_on"), "off_url": page(request, "two_step_off"),
        "codes_url": page(request, "two_step_codes"),
    }  # fmt: skip
    return render(request, "auth_centre/two_step.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def turn_on(request: HttpRequest) -> HttpResponse:
    step_context = _place(request)

    def done(codes: list[str]) -> HttpResponse:
        response = second_step_pages.show_codes(request, step_context, codes)
        return pending.renew(request, response, SignInSession.SecondStep.APP)

    return second_step_pages.turn_on(request, step_context, done)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def turn_off(request: HttpRequest) -> HttpResponse:
    step_context, enterprise = _place(request), enterprise_of(request)
    if enterprise.second_step_required:
        words = _("%(enterprise)s requires two-step sign-in for its members, so you cannot turn it off here.")
        raise Refused("second_step.required", words % {"enterprise": enterprise.name})

    def done() -> HttpResponse:
        messages.success(request, _("Two-step sign-in is off. All other browsers are signed out."))
        return pending.renew(request, redirect(step_context.home), SignInSession.SecondStep.NONE)

    return second_step_pages.turn_off(request, step_context, done)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def new_codes(request: HttpRequest) -> HttpResponse:
    return second_step_pages.create_codes(request, _place(request))


# Hashing a password inside the request's transaction would hold SQLite's lock.
for _view in (turn_on, turn_off, new_codes):
    _view.own_transactions = True  # type: ignore[attr-defined]
