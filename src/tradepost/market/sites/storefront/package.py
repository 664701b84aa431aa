"""The page of a usage package: remaining quantity, deductions with their charges, and the buyer's alert."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import decimal_number, whole_number
from tradepost.market.billing.alerts import MAX_REPURCHASES, alert_of, clear_alert, set_alert
from tradepost.market.billing.models import PackageAlert
from tradepost.market.billing.package_queries import charges_of
from tradepost.market.billing.thresholds import Kind
from tradepost.market.catalog.models import Offer
from tradepost.market.metering.models import Package
from tradepost.market.metering.package_queries import balances, deductions_of, package_of
from tradepost.market.metering.seller_queries import units
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form


@buyer_form
def package(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the package. A POST sets or removes its alert."""
    service = buyer_subscription(person(request), pk)
    package = package_of(service) if service is not None else None
    if service is None or package is None:
        raise Http404
    if request.method != "POST":
        return _page(request, service, package, None)
    try:
        _save(request, service.offer, now_of(request))
    except Refused as refused:
        return _page(request, service, package, refused)
    return redirect("storefront:package", pk=pk)


def _save(request: HttpRequest, offer: Offer | None, now: datetime) -> None:
    buyer = person(request)
    if request.POST.get("act") == "clear":
        clear_alert(buyer, offer)
        messages.success(request, _("Saved. The default alert applies."))
        return
    kind = Kind.AMOUNT if request.POST.get("by") == Kind.AMOUNT else Kind.PERCENT
    threshold = decimal_number(request.POST.get("threshold", ""), decimals=4)
    repurchases = whole_number(request.POST.get("repurchases") or "0", digits=4)
    set_alert(
        buyer, offer, kind, Decimal(-1) if threshold is None else threshold,
        repurchases=-1 if repurchases is None else repurchases, now=now,
    )  # fmt: skip
    messages.success(request, _("Saved. You will be notified by notice, email and SMS."))


def _page(request: HttpRequest, service: Subscription, package: Package, refused: Refused | None) -> HttpResponse:
    buyer = person(request)
    listed = deductions_of(package, after=request.GET.get("after", ""))
    charges = charges_of(listed.rows)
    [standing] = balances([package], now=now_of(request))
    alert = alert_of(buyer, service.offer)
    context = {
        "subscription": service,
        "product": service.product,
        "service": package.service,
        "standing": standing,
        "page": listed,
        "rows": [(row, units(row.delta), charges.get(row.pk)) for row in listed.rows],
        "alert": alert if alert is not None and alert.offer_id is not None else None,
        "typed": _form_values(request, alert, config().billing.package_low_percent),
        "low_percent": alert.threshold
        if alert is not None and alert.offer_id is None
        else config().billing.package_low_percent,
        "most": MAX_REPURCHASES,
        "balance": balance(buyer, service.offer.currency),
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/package.html", context)


def _form_values(request: HttpRequest, alert: PackageAlert | None, low_percent: int) -> dict[str, object]:
    """Return the form's values: the submitted ones, or the current alert."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in ("by", "threshold", "repurchases")}
    if alert is None:
        return {"by": Kind.PERCENT.value, "threshold": low_percent, "repurchases": 0}
    threshold = alert.threshold if alert.kind is Kind.PERCENT else f"{units(alert.threshold).normalize():f}"
    return {"by": alert.by, "threshold": threshold, "repurchases": alert.repurchases_left}


@buyer_form
def alert_of_all(request: HttpRequest) -> HttpResponse:
    """Set the alert for packages without their own (business-rules §9: single or unified)."""
    refused = None
    if request.method == "POST":
        try:
            _save(request, None, now_of(request))
        except Refused as error:
            refused = error
        else:
            return redirect("storefront:package_alert")
    alert = PackageAlert.objects.filter(buyer=person(request), offer=None).first()
    context = {
        "alert": alert,
        "typed": _form_values(request, alert, config().billing.package_low_percent),
        "low_percent": config().billing.package_low_percent,
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/package_alert.html", context)
