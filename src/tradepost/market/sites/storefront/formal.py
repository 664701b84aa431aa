"""Make a trial formal: choose what it becomes, see what that costs and from when to when it lasts, and order it."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.converting import check_conversion, convert, keeps_quantity
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.convertible import convertible_until, formal_time
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person

from .within_spec import Chosen, chosen, command, context

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def formal(request: HttpRequest, pk: int) -> HttpResponse:
    held = buyer_subscription(person(request), pk)
    if held is None:
        raise Http404
    found = chosen(held, request, statuses=[Product.Status.ON_SALE], fixed=keeps_quantity(held))
    if request.method != "POST":
        return _page(request, held, found, None)
    try:
        order = _order(request, held, found)
    except Refused as refused:
        return _page(request, held, found, refused)
    return redirect("storefront:order", number=order.number)


def _order(request: HttpRequest, held: Subscription, found: Chosen | None) -> Order:
    check_conversion(held, now=now_of(request))
    if found is None or not found.holds:
        raise Refused(
            "order.choice_gone", _("Your choice is not on sale any more. The closest one is selected: check it.")
        )
    return convert(
        held, person(request), command(request, held, found), now=now_of(request),
        unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes),
    )  # fmt: skip


def _page(request: HttpRequest, held: Subscription, found: Chosen | None, refused: Refused | None) -> HttpResponse:
    now = now_of(request)
    priced = found.priced if found else None
    shown = context(request, held, found, refused) | {
        "why_not": _why_not(request, held, found),
        "kept_until": convertible_until(held),
        "expired": held.expires_at is not None and held.expires_at <= now,
        "fixed_quantity": found is not None and found.choice.counts and keeps_quantity(held),
        "time": formal_time(held, found.choice.offer.period_type, priced.periods, now=now)
        if found and priced
        else None,
    }
    return render(request, "storefront/formal.html", shown, status=refused.status if refused else 200)


def _why_not(request: HttpRequest, held: Subscription, found: Chosen | None) -> str:
    """Why there is no form to fill in."""
    try:
        check_conversion(held, now=now_of(request))
    except Refused as refused:
        return refused.message
    return "" if found else _("This product is not sold by the month or the year at the moment.")
