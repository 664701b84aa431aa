"""A package of usage: what is left of it, what was deducted and where that was charged, and when its buyer wants to be told."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import decimal_number, whole_number
from tradepost.market.billing.alerts import MOST_REPURCHASES, alert_of, clear_alert, set_alert
from tradepost.market.billing.low import Kind
from tradepost.market.billing.models import PackageAlert
from tradepost.market.billing.package_queries import charges_of
from tradepost.market.catalog.models import Offer
from tradepost.market.metering.models import Package
from tradepost.market.metering.package_queries import deductions_of, package_of, standings
from tradepost.market.metering.seller_queries import units
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def package(request: HttpRequest, pk: int) -> HttpResponse:
    """A POST sets its alert, or takes it away."""
    held = buyer_subscription(person(request), pk)
    found = package_of(held) if held is not None else None
    if held is None or found is None:
        raise Http404
    if request.method != "POST":
        return _page(request, held, found, None)
    try:
        _save(request, held.offer, now_of(request))
    except Refused as refused:
        return _page(request, held, found, refused)
    return redirect("storefront:package", pk=pk)


def _save(request: HttpRequest, offer: Offer | None, now: datetime) -> None:
    buyer = person(request)
    if request.POST.get("act") == "clear":
        clear_alert(buyer, offer)
        messages.success(request, _("Saved: you are told as the market does it for everybody."))
        return
    kind = Kind.AMOUNT if request.POST.get("by") == Kind.AMOUNT else Kind.PERCENT
    threshold = decimal_number(request.POST.get("threshold", ""), decimals=4)
    again = whole_number(request.POST.get("repurchases") or "0", digits=4)
    set_alert(
        buyer, offer, kind, Decimal(-1) if threshold is None else threshold,
        repurchases=-1 if again is None else again, now=now,
    )  # fmt: skip
    messages.success(request, _("Saved: you are told by notice, mail and SMS."))


def _page(request: HttpRequest, held: Subscription, found: Package, refused: Refused | None) -> HttpResponse:
    buyer = person(request)
    listed = deductions_of(found, after=request.GET.get("after", ""))
    charges = charges_of(listed.rows)
    [standing] = standings([found], now=now_of(request))
    alert = alert_of(buyer, held.offer)
    context = {
        "subscription": held,
        "product": held.product,
        "service": found.service,
        "standing": standing,
        "page": listed,
        "rows": [(one, units(one.delta), charges.get(one.pk)) for one in listed.rows],
        "alert": alert if alert is not None and alert.offer_id is not None else None,
        "typed": _typed(request, alert, config().package_low_percent),
        "low_percent": alert.threshold
        if alert is not None and alert.offer_id is None
        else config().package_low_percent,
        "most": MOST_REPURCHASES,
        "balance": balance(buyer, held.offer.currency),
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/package.html", context, status=refused.status if refused else 200)


def _typed(request: HttpRequest, alert: PackageAlert | None, low_percent: int) -> dict[str, object]:
    """What stands in the form: what was sent, or what holds."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in ("by", "threshold", "repurchases")}
    if alert is None:
        return {"by": Kind.PERCENT.value, "threshold": low_percent, "repurchases": 0}
    kept = alert.threshold if alert.kind is Kind.PERCENT else f"{units(alert.threshold).normalize():f}"
    return {"by": alert.by, "threshold": kept, "repurchases": alert.repurchases_left}


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def alert_of_all(request: HttpRequest) -> HttpResponse:
    """When to be told of packages that have no alert of their own (business-rules §9: single or unified)."""
    refused = None
    if request.method == "POST":
        try:
            _save(request, None, now_of(request))
        except Refused as one:
            refused = one
        else:
            return redirect("storefront:package_alert")
    alert = PackageAlert.objects.filter(buyer=person(request), offer=None).first()
    context = {
        "alert": alert,
        "typed": _typed(request, alert, config().package_low_percent),
        "low_percent": config().package_low_percent,
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/package_alert.html", context, status=refused.status if refused else 200)
