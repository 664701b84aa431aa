"""Renew a service: each way to do it with its price and the day until which it lasts then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.renewing import NotRenewable, why_not_renewable
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import renew as place
from tradepost.market.orders.buyer_queries import about
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.renew import Option, RenewService, aligned_options, moved_meanwhile, renewal_options
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent, shown_to_buyer

private = cache_control(private=True, no_store=True)
WHY_NOT: Mapping[NotRenewable, str | Promise] = {
    NotRenewable.OPENING: gettext_lazy("It is not in use yet."),
    NotRenewable.ENDED: gettext_lazy("It has ended."),
    NotRenewable.TRIAL: gettext_lazy("It is a trial."),
    NotRenewable.NO_PERIOD: gettext_lazy("It is not sold by period."),
    NotRenewable.TOO_LATE: gettext_lazy("The time to renew it is over."),
    NotRenewable.FROZEN: gettext_lazy("The operator has frozen it. You can renew it after the freeze is lifted."),
    NotRenewable.INTERFACE: gettext_lazy("The seller's system cannot renew it. Write to the seller."),
    NotRenewable.NOT_ON_SALE: gettext_lazy("This edition is no longer sold."),
}


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    options = options_of(found, person(request))
    if request.method != "POST":
        return _page(request, found, options, None)
    try:
        order = place(
            person(request), _command(request, found, options), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, found, options, refused)
    return redirect("storefront:order", number=order.number)


def options_of(found: Subscription, buyer: User) -> dict[str, Option]:
    """By stamp: each duration, and each that goes on to the buyer's own day of the month."""
    plain = renewal_options(found)
    return {stamp_of(option): option for option in (*plain, *aligned_options(found, plain, buyer.expiry_day))}


def stamp_of(option: Option) -> str:
    """What was shown to cost what, and to last until when, in one word of the form."""
    return f"{option.offer.product_id}/{option.priced.periods}/{option.priced.total.minor}/{option.until:%Y%m%d%H%M%S}"


def _command(request: HttpRequest, found: Subscription, options: dict[str, Option]) -> RenewService:
    """Nobody orders what the page did not show."""
    option = options.get(request.POST.get("option", ""))
    if option is None:
        raise moved_meanwhile()
    return RenewService(
        subscription=found.pk,
        product_id=option.offer.product_id,
        periods=option.priced.periods,
        agreed=request.POST.get("agreed") == "on",
        agreements=shown_to_buyer(request),
        align_day=option.align_day,
        shown=(option.priced.total, option.until),
    )


def _page(
    request: HttpRequest, found: Subscription, options: dict[str, Option], refused: Refused | None
) -> HttpResponse:
    waiting, lines = open_changes(found), about(found.pk)
    context = {
        "subscription": found,
        "product": found.product,
        "seller": found.seller,
        "line": lines.held if lines else None,
        "options": {stamp: option for stamp, option in options.items() if not option.align_day},
        "aligned": {stamp: option for stamp, option in options.items() if option.align_day},
        "by_month": any(option.offer.period_type == Offer.PeriodType.MONTH for option in options.values()),
        "expiry_day": person(request).expiry_day,
        "why_not": WHY_NOT[why] if (why := why_not_renewable(found, now=now_of(request))) else "",
        "picked": request.POST.get("option") or next(iter(options), ""),
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        "expired": found.expires_at is not None and found.expires_at <= now_of(request),
        "kept_until": renewable_until(found),
        **consent(request, found.product, refused),
        "errors": {refused.field: refused.message} if refused else {},
        "refused": refused,
    }
    return render(request, "storefront/renew.html", context, status=refused.status if refused else 200)
