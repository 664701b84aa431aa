"""The page of an account's sign-in security: two-step sign-in and signed-in browsers."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.identity import log_ins, second_factor
from tradepost.market.identity.models import LogIn, User

from . import browsers, known_browsers, second_step_pages
from .access import buyer_required, person
from .peer import network_of, peer
from .second_step_pages import SecondStepContext

MAX_ROWS = 100
"""Maximum number of signed-in browsers on the page."""
private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = person(request)
    rows = [_log_in_row(request, row) for row in log_ins.valid_log_ins(user, now=clock.wall())[:MAX_ROWS]]
    if not any(row["here"] for row in rows):  # signed in before sign-ins were recorded
        rows.insert(
            0, _log_in_row(request, LogIn(session_id=request.session.session_key or "", **_client_facts(request)))
        )
    context = {"state": second_factor.state(user), "rows": rows, "all_codes": second_factor.RECOVERY_CODE_COUNT}
    return render(request, "web/security.html", context)


def record_log_in(request: HttpRequest, user: User) -> None:
    """Record the current browser as signed in."""
    if request.session.session_key is None:
        request.session.save()
    key = request.session.session_key
    assert key is not None  # just saved
    log_ins.record_log_in(user, key, **_client_facts(request), now=clock.wall())
    known_browsers.remember(request, user)


def _client_facts(request: HttpRequest) -> dict[str, str]:
    return {"network": network_of(peer(request)), "agent": request.headers.get("User-Agent", "")}


def _log_in_row(request: HttpRequest, row: LogIn) -> dict[str, object]:
    is_current = row.session_id == request.session.session_key
    return {"row": row, "browser": browsers.browser_name(row.agent), "here": is_current}


def keep_signed_in(request: HttpRequest, user: User) -> None:
    """Keep this browser signed in, under a new session key, after all sessions of the account were ended."""
    update_session_auth_hash(request, user)
    record_log_in(request, user)


@require_POST
@buyer_required
def end_log_in(request: HttpRequest, pk: int) -> HttpResponse:
    log_in = log_ins.valid_log_ins(person(request), now=clock.wall()).filter(pk=pk).first()
    if log_in is None or log_in.session_id == request.session.session_key:  # the current browser signs out instead
        raise Http404
    log_ins.end(log_in)
    messages.success(request, _("The browser was signed out."))
    return redirect("web:security")


@require_POST
@buyer_required
def end_others(request: HttpRequest) -> HttpResponse:
    user = person(request)
    log_ins.end_all(user)
    keep_signed_in(request, user)
    messages.success(request, _("All other browsers were signed out."))
    return redirect("web:security")


def _second_step_context(request: HttpRequest) -> SecondStepContext:
    user = person(request)
    return SecondStepContext(user=user, account=user.email, base="web/security_base.html", home=reverse("web:security"))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_on(request: HttpRequest) -> HttpResponse:
    place = _second_step_context(request)

    def done(codes: list[str]) -> HttpResponse:
        with transaction.atomic():
            keep_signed_in(request, place.user)
        return second_step_pages.show_codes(request, place, codes)

    return second_step_pages.turn_on(request, place, done)


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_off(request: HttpRequest) -> HttpResponse:
    place = _second_step_context(request)

    def done() -> HttpResponse:
        with transaction.atomic():
            keep_signed_in(request, place.user)
        messages.success(request, _("Two-step sign-in is off. All other browsers are signed out."))
        return redirect(place.home)

    return second_step_pages.turn_off(request, place, done)


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    return second_step_pages.create_codes(request, _second_step_context(request))


# They hash a password, which must not happen while SQLite's write lock is held.
for _view in (turn_on, turn_off, new_codes):
    _view.own_transactions = True  # type: ignore[attr-defined]
