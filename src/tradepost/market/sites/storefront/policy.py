"""What its buyer wants at the end of a service: keep it for a while, renew it automatically, or delete it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, has_policy, set_expiry_policy, ways
from tradepost.market.orders.auto_renew import duration_of, plan_of, rule_of
from tradepost.market.orders.durations import Duration
from tradepost.market.payments.queries import balance
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import ending_of
from tradepost.market.web.access import buyer_required, now_of, person

from .at_its_end import tried_next

private = cache_control(private=True, no_store=True)
AtExpiry = Subscription.AtExpiry


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    if request.method != "POST":
        return _page(request, found, None)
    try:
        held = set_expiry_policy(
            person(request), _command(request, found), rule=rule_of(config()), now=now_of(request)
        )  # fmt: skip
    except Refused as refused:
        return _page(request, found, refused)
    messages.success(request, SAVED[AtExpiry(held.at_expiry)]())
    return redirect("storefront:subscription", pk=pk)


SAVED = {
    AtExpiry.KEEP: lambda: _("Saved: it is not renewed by itself, and is kept for a while after its end."),
    AtExpiry.RENEW: lambda: _("Saved: it is renewed automatically."),
    AtExpiry.END: lambda: _("Saved: it is deleted with its data at its end."),
}


def _command(request: HttpRequest, found: Subscription) -> SetExpiryPolicy:
    """Who has it deleted says so twice."""
    wanted = request.POST.get("at_expiry", "")
    news = wanted == AtExpiry.END and found.at_expiry != AtExpiry.END
    if news and request.POST.get("understood") != "on":
        raise Refused(
            "policy.understood",
            _("Say that you know: what is deleted cannot be brought back."),
            400,
            field="understood",
        )
    return SetExpiryPolicy(
        subscription=found.pk, at_expiry=wanted, duration=read_duration(request.POST.get("duration", ""))
    )


def read_duration(text: str) -> Duration | None:
    """``month/1``; None for what is none. Whether it is offered is the verb's matter."""
    period_type, _slash, number = text.partition("/")
    periods = whole_number(number, digits=4)
    return Duration(period_type, periods) if period_type and periods else None


def _page(request: HttpRequest, found: Subscription, refused: Refused | None) -> HttpResponse:
    now, offered = now_of(request), ways(found)
    planned = plan_of(found) if found.at_expiry == AtExpiry.RENEW else None
    end = found.expires_at
    typed = read_duration(request.POST.get("duration", ""))
    context = {
        "subscription": found,
        "product": found.product,
        "seller": found.seller,
        "possible": has_policy(found),
        "durations": list(offered.items()),
        "picked": request.POST.get("at_expiry") or found.at_expiry,
        "duration": typed or (duration_of(found) if found.auto_periods else next(iter(offered), None)),
        "trial": found.offer.trial,
        "over": end is not None and end <= now,
        "ending": ending_of(found, renewing=True),
        "wraps": by_cloud(found.product.product_type),
        "first_try": tried_next(found, planned, now=now),
        "tried": planned,
        "balance": balance(person(request), found.offer.currency),
        "errors": {refused.field: refused.message} if refused else {},
        "refused": refused,
    }
    return render(request, "storefront/policy.html", context, status=refused.status if refused else 200)
