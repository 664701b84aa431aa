"""A buyer's usage: what services on demand cost, what is owed, and each charge explained down to what its seller reported."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.chart_queries import chart_of_service, forecast_of
from tradepost.market.billing.models import Charge
from tradepost.market.billing.queries import charge_of_buyer, charges_of_buyer, explain, records_of
from tradepost.market.billing.spans import Grain, Span
from tradepost.market.billing.usage_months import month_asked
from tradepost.market.invoices.queries import invoice_before_refund, of_service
from tradepost.market.metering.seller_queries import records_of_service, units, used_since
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.usage_chart import as_file, shown, span_asked

from .debt import debt_of

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """All of them, or those of one service; and what is owed."""
    buyer = person(request)
    chosen = whole_number(request.GET.get("service", ""))
    service = buyer_subscription(buyer, chosen) if chosen is not None else None
    open_only = request.GET.get("state") == "open"
    month = month_asked(request.GET.get("month", "")) if chosen is not None else None
    context = {
        "page": charges_of_buyer(
            buyer, subscription=chosen, month=month, open_only=open_only, after=request.GET.get("after", "")
        ),
        "service": service,
        "month": month,
        "state": "open" if open_only else "",
        "debt": debt_of(buyer),
    }
    return render(request, "storefront/charges.html", context)


@buyer_required
@private
@require_safe
def charge(request: HttpRequest, pk: int) -> HttpResponse:
    """How it came about: quantity and price, what was charged before, and the records that were added."""
    found: Charge | None = charge_of_buyer(person(request), pk)
    if found is None:
        raise Http404
    listed = records_of(found, after=request.GET.get("after", ""))
    context = {
        "charge": found,
        "explained": explain(found),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoice": invoice_before_refund(found),
    }
    return render(request, "storefront/charge.html", context)


@buyer_required
@private
@require_safe
def usage(request: HttpRequest, pk: int) -> HttpResponse:
    """What a service used this month, as its seller reported it, and what that cost."""
    service = _on_demand(request, pk)
    listed, now = records_of_service(service, after=request.GET.get("after", "")), now_of(request)
    span = span_asked(request, now=now)
    chart = chart_of_service(service, span, now=now)
    # A forecast is of the month that runs: another time that is looked at has none.
    runs = chart is not None and span.grain == Grain.DAY and span.begin <= now < span.end
    context = {
        "service": service,
        "shown": shown(chart, now=now) if chart else None,
        "forecast": forecast_of(service, span, now=now) if runs else None,
        "used": used_since(service, Span.month_of(now.astimezone(span.zone).date(), span.zone).begin),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoices": of_service(service),
    }
    return render(request, "storefront/usage.html", context)


@buyer_required
@private
@require_safe
def usage_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The numbers of the chart for a spreadsheet."""
    service = _on_demand(request, pk)
    now = now_of(request)
    chart = chart_of_service(service, span_asked(request, now=now), now=now)
    return as_file(
        [chart] if chart else [],
        name=f"usage-{service.pk}",
        head=[_("Begins at"), _("Usage"), _("Unit"), _("Amount charged"), _("Currency")],
    )


def _on_demand(request: HttpRequest, pk: int) -> Subscription:
    service = buyer_subscription(person(request), pk)
    if service is None or not service.offer.charging.postpaid:
        raise Http404
    return service
