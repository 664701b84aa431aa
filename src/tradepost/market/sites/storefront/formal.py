"""Convert a trial: choose the plan, see its price and period, and order it."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.converting import check_conversion, convert, is_quantity_fixed
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.convertible import convertible_until, paid_time_after_trial
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form

from .within_spec import SpecChoice, command, context, spec_choice


@buyer_form
def formal(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    choice = spec_choice(service, request, statuses=[Product.Status.ON_SALE], fixed=is_quantity_fixed(service))
    if request.method != "POST":
        return _page(request, service, choice, None)
    try:
        order = _order(request, service, choice)
    except Refused as refused:
        return _page(request, service, choice, refused)
    return redirect("storefront:order", number=order.number)


def _order(request: HttpRequest, service: Subscription, choice: SpecChoice | None) -> Order:
    check_conversion(service, now=now_of(request))
    if choice is None or not choice.holds:
        raise Refused(
            "order.choice_gone", _("Your choice is no longer on sale. The closest one is selected. Check it.")
        )
    return convert(
        service, person(request), command(request, service, choice), now=now_of(request),
        unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes),
    )  # fmt: skip


def _page(
    request: HttpRequest, service: Subscription, choice: SpecChoice | None, refused: Refused | None
) -> HttpResponse:
    now = now_of(request)
    priced = choice.priced if choice else None
    page_context = context(request, service, choice, refused) | {
        "why_not": _obstacle_message(request, service, choice),
        "kept_until": convertible_until(service),
        "expired": service.expires_at is not None and service.expires_at <= now,
        "fixed_quantity": choice is not None and choice.choice.counts and is_quantity_fixed(service),
        "time": paid_time_after_trial(service, choice.choice.offer.period_type, priced.periods, now=now)
        if choice and priced
        else None,
    }
    return render(request, "storefront/formal.html", page_context)


def _obstacle_message(request: HttpRequest, service: Subscription, choice: SpecChoice | None) -> str:
    """Return why there is no form, or ""."""
    try:
        check_conversion(service, now=now_of(request))
    except Refused as refused:
        return refused.message
    return "" if choice else _("This product is not sold by the month or the year at the moment.")
