"""Renew a service: each option with its price and new end date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.renewing import NotRenewable, renewal_obstacle
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import renew as place
from tradepost.market.orders.buyer_queries import lines_of_subscription
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.renew import Option, RenewService, aligned_options, price_or_date_refusal, renewal_options
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form

from .agreement import consent_context, submitted_stamp

OBSTACLE_MESSAGES: Mapping[NotRenewable, str | Promise] = {
    NotRenewable.OPENING: gettext_lazy("It is not in use yet."),
    NotRenewable.ENDED: gettext_lazy("It has ended."),
    NotRenewable.TRIAL: gettext_lazy("It is a trial."),
    NotRenewable.NO_PERIOD: gettext_lazy("It is not sold by period."),
    NotRenewable.TOO_LATE: gettext_lazy("The renewal period has ended."),
    NotRenewable.FROZEN: gettext_lazy("The operator froze this service. You can renew it after the freeze is lifted."),
    NotRenewable.INTERFACE: gettext_lazy("The seller's system does not support renewals. Contact the seller."),
    NotRenewable.NOT_ON_SALE: gettext_lazy("This edition is no longer sold."),
}


@buyer_form
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    options = options_of(service, person(request))
    if request.method != "POST":
        return _page(request, service, options, None)
    try:
        order = place(
            person(request), _command(request, service, options), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, service, options, refused)
    return redirect("storefront:order", number=order.number)


def options_of(service: Subscription, buyer: User) -> dict[str, Option]:
    """Return the options by stamp: each duration, and each duration extended to the buyer's expiry day."""
    plain_options = renewal_options(service)
    return {
        stamp_of(option): option
        for option in (*plain_options, *aligned_options(service, plain_options, buyer.expiry_day))
    }


def stamp_of(option: Option) -> str:
    """Return the shown product, duration, price and end date as one value of the form."""
    return f"{option.offer.product_id}/{option.priced.periods}/{option.priced.total.minor}/{option.until:%Y%m%d%H%M%S}"


def _command(request: HttpRequest, service: Subscription, options: dict[str, Option]) -> RenewService:
    """Build the command. Refuses an option that the page did not show."""
    option = options.get(request.POST.get("option", ""))
    if option is None:
        raise price_or_date_refusal()
    return RenewService(
        subscription=service.pk,
        product_id=option.offer.product_id,
        periods=option.priced.periods,
        agreed=request.POST.get("agreed") == "on",
        agreements=submitted_stamp(request),
        align_day=option.align_day,
        shown=(option.priced.total, option.until),
    )


def _page(
    request: HttpRequest, service: Subscription, options: dict[str, Option], refused: Refused | None
) -> HttpResponse:
    waiting, lines = open_changes(service), lines_of_subscription(service.pk)
    context = {
        "subscription": service,
        "product": service.product,
        "seller": service.seller,
        "line": lines.held if lines else None,
        "options": {stamp: option for stamp, option in options.items() if not option.align_day},
        "aligned": {stamp: option for stamp, option in options.items() if option.align_day},
        "by_month": any(option.offer.period_type == Offer.PeriodType.MONTH for option in options.values()),
        "expiry_day": person(request).expiry_day,
        "why_not": OBSTACLE_MESSAGES[obstacle] if (obstacle := renewal_obstacle(service, now=now_of(request))) else "",
        "picked": request.POST.get("option") or next(iter(options), ""),
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        "expired": service.expires_at is not None and service.expires_at <= now_of(request),
        "kept_until": renewable_until(service),
        **consent_context(request, service.product, refused),
        "errors": {refused.field: refused.message} if refused else {},
        "refused": refused,
    }
    return render(request, "storefront/renew.html", context)
