"""How one's account is signed in to: two-step sign-in, and the browsers that are logged in."""

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
from .second_step_pages import Place

MOST = 100
"""Log-ins that the page shows."""
private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = person(request)
    rows = [_shown(request, row) for row in log_ins.living_of(user, now=clock.wall())[:MOST]]
    if not any(row["here"] for row in rows):  # begun before log-ins were kept
        rows.insert(0, _shown(request, LogIn(session_id=request.session.session_key or "", **_from(request))))
    context = {"state": second_factor.state(user), "rows": rows, "all_codes": second_factor.CODES}
    return render(request, "web/security.html", context)


def note(request: HttpRequest, user: User) -> None:
    """Where the reader is logged in from now on."""
    if request.session.session_key is None:
        request.session.save()
    key = request.session.session_key
    assert key is not None  # saved
    log_ins.note(user, key, **_from(request), now=clock.wall())
    known_browsers.remember(request, user)


def _from(request: HttpRequest) -> dict[str, str]:
    return {"network": network_of(peer(request)), "agent": request.headers.get("User-Agent", "")}


def _shown(request: HttpRequest, row: LogIn) -> dict[str, object]:
    here = row.session_id == request.session.session_key
    return {"row": row, "browser": browsers.in_words(row.agent), "here": here}


def stay(request: HttpRequest, user: User) -> None:
    """All sessions of the account were ended; this browser's goes on, under a new key."""
    update_session_auth_hash(request, user)
    note(request, user)


@require_POST
@buyer_required
def end_log_in(request: HttpRequest, pk: int) -> HttpResponse:
    found = log_ins.living_of(person(request), now=clock.wall()).filter(pk=pk).first()
    if found is None or found.session_id == request.session.session_key:  # this one is ended by logging out
        raise Http404
    log_ins.end(found)
    messages.success(request, _("That browser is logged out."))
    return redirect("web:security")


@require_POST
@buyer_required
def end_others(request: HttpRequest) -> HttpResponse:
    user = person(request)
    log_ins.end_all(user)
    stay(request, user)
    messages.success(request, _("All other browsers are logged out."))
    return redirect("web:security")


def _place(request: HttpRequest) -> Place:
    user = person(request)
    return Place(user=user, account=user.email, base="web/security_base.html", home=reverse("web:security"))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_on(request: HttpRequest) -> HttpResponse:
    place = _place(request)

    def done(codes: list[str]) -> HttpResponse:
        with transaction.atomic():
            stay(request, place.user)
        return second_step_pages.show_codes(request, place, codes)

    return second_step_pages.turn_on(request, place, done)


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_off(request: HttpRequest) -> HttpResponse:
    place = _place(request)

    def done() -> HttpResponse:
        with transaction.atomic():
            stay(request, place.user)
        messages.success(request, _("Two-step sign-in is off. All other browsers are logged out."))
        return redirect(place.home)

    return second_step_pages.turn_off(request, place, done)


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    return second_step_pages.draw_codes(request, _place(request))


# They hash a password: in one transaction it would be hashed while SQLite's lock is held.
for _view in (turn_on, turn_off, new_codes):
    _view.own_transactions = True  # type: ignore[attr-defined]
