"""Renew a service as something else: choose it, have the seller asked, and order it once the seller agreed (saas-v2 §8.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.renew_changing import (
    Check,
    Rules,
    Word,
    ask_seller,
    check_change_possible,
    latest_check,
    order_changed,
)
from tradepost.market.orders.buyer_queries import about
from tradepost.market.orders.place import RENEWED
from tradepost.market.orders.renew_change import is_plain
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until, renewed_end
from tradepost.market.web.access import buyer_required, now_of, person

from .within_spec import Chosen, chosen, command, context

private = cache_control(private=True, no_store=True)


def rules() -> Rules:
    return Rules(
        days_before=config().renewal_change_days,
        lasts_minutes=config().change_check_minutes,
        unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes),
    )


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def renewal_change(request: HttpRequest, pk: int) -> HttpResponse:
    held = _own(request, pk)
    found = chosen(held, request, statuses=RENEWED)
    if request.method != "POST":
        return _page(request, held, found, None)
    try:
        order = order_changed(
            held, person(request), command(request, held, _sold(found)), rules=rules(), now=now_of(request)
        )
    except Refused as refused:
        return _page(request, held, found, refused)
    return redirect("storefront:order", number=order.number)


@buyer_required
@private
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the seller asked; the page follows what becomes of it."""
    held = _own(request, pk)
    found = chosen(held, request, statuses=RENEWED)
    try:
        wanted = command(request, held, _sold(found))
        ask_seller(held, wanted, actor=person(request).email, rules=rules(), now=now_of(request))
    except Refused as refused:
        return _page(request, held, found, refused)
    query = found.query if found else ""
    return redirect(f"{reverse('storefront:renewal_change', args=[pk])}?{query}")


def _own(request: HttpRequest, pk: int) -> Subscription:
    held = buyer_subscription(person(request), pk)
    if held is None:
        raise Http404
    return held


def _sold(found: Chosen | None) -> Chosen:
    """Nobody asks for, or orders, what the page did not show."""
    if found is None or not found.holds:
        raise Refused(
            "order.choice_gone", _("Your choice is not on sale any more. The closest one is selected: check it.")
        )
    return found


def _page(request: HttpRequest, held: Subscription, found: Chosen | None, refused: Refused | None) -> HttpResponse:
    now, lines, priced = now_of(request), about(held.pk), found.priced if found else None
    shown = context(request, held, found, refused) | {
        "why_not": _why_not(request, held, found),
        "line": lines.held if lines else None,
        "expired": held.expires_at is not None and held.expires_at <= now,
        "kept_until": renewable_until(held),
        "until": renewed_end(held, found.choice.offer.period_type, priced.periods) if found and priced else None,
        "query": found.query if found else "",
        **_said(request, held, found),
    }
    return render(request, "storefront/renewal_change.html", shown, status=refused.status if refused else 200)


def _why_not(request: HttpRequest, held: Subscription, found: Chosen | None) -> str:
    """Why there is no form to fill in."""
    try:
        check_change_possible(held, now=now_of(request), days_before=config().renewal_change_days)
    except Refused as refused:
        return refused.message
    return "" if found else _("This product is not sold by the month or the year at the moment.")


def _said(request: HttpRequest, held: Subscription, found: Chosen | None) -> dict[str, Any]:
    """``step``: what can be done with the choice now. ``check``: what the seller said of it."""
    if found is None or found.priced is None:
        return {"step": "none", "check": None}
    if is_plain(held, found.choice.offer, found.quantity):
        return {"step": "same", "check": None}
    latest = latest_check(held)
    if latest is None or not latest.is_about(found.choice.offer.product_id, found.quantity):
        busy = latest is not None and latest.word is Word.ASKED
        return {"step": "busy" if busy else "ask", "check": None}
    return {"step": _step(latest, request), "check": latest}


def _step(latest: Check, request: HttpRequest) -> str:
    if latest.word is Word.AGREED:
        return "agreed" if latest.until is not None and now_of(request) < latest.until else "over"
    return latest.word.value
