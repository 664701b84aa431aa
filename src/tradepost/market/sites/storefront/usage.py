"""A buyer's usage: costs of on-demand services, debt, and each charge with the records that its seller reported."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tradepost.market.billing.chart_queries import chart_of_service, forecast_of
from tradepost.market.billing.models import Charge
from tradepost.market.billing.queries import charge_of_buyer, charges_of_buyer, explain, records_of
from tradepost.market.billing.spans import Grain, Span
from tradepost.market.invoices.queries import invoice_before_refund, invoices_of_service
from tradepost.market.metering.seller_queries import records_of_service, units, used_since
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person
from tradepost.market.web.charges import charges_filter
from tradepost.market.web.pages.guards import buyer_page
from tradepost.market.web.usage_chart import chart_context, chart_file, requested_span

from .debt import find_debt


@buyer_page
def charges(request: HttpRequest) -> HttpResponse:
    """List the charges, of all services or of one, and the debt."""
    buyer, filters = person(request), charges_filter(request)
    context = {
        "page": charges_of_buyer(buyer, filters, after=request.GET.get("after", "")),
        "service": buyer_subscription(buyer, filters.subscription) if filters.subscription is not None else None,
        "asked": filters,
        "debt": find_debt(buyer),
    }
    return render(request, "storefront/charges.html", context)


@buyer_page
def charge(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the calculation of a charge: quantity and price, earlier charges, and added records."""
    charge: Charge | None = charge_of_buyer(person(request), pk)
    if charge is None:
        raise Http404
    listed = records_of(charge, after=request.GET.get("after", ""))
    context = {
        "charge": charge,
        "explained": explain(charge),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoice": invoice_before_refund(charge),
    }
    return render(request, "storefront/charge.html", context)


@buyer_page
def usage(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the usage of a service in this month as reported by its seller, with its cost."""
    service = _on_demand(request, pk)
    listed, now = records_of_service(service, after=request.GET.get("after", "")), now_of(request)
    span = requested_span(request, now=now)
    chart = chart_of_service(service, span, now=now)
    # Only the current month has a forecast.
    runs = chart is not None and span.grain == Grain.DAY and span.begin <= now < span.end
    context = {
        "service": service,
        "shown": chart_context(chart, now=now) if chart else None,
        "forecast": forecast_of(service, span, now=now) if runs else None,
        "used": used_since(service, Span.month_of(now.astimezone(span.zone).date(), span.zone).begin),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoices": invoices_of_service(service),
    }
    return render(request, "storefront/usage.html", context)


@buyer_page
def usage_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the chart's data as a file."""
    service = _on_demand(request, pk)
    now = now_of(request)
    chart = chart_of_service(service, requested_span(request, now=now), now=now)
    return chart_file(
        [chart] if chart else [],
        name=f"usage-{service.pk}",
        head=[_("Begins at"), _("Usage"), _("Unit"), _("Amount charged"), _("Currency")],
    )


def _on_demand(request: HttpRequest, pk: int) -> Subscription:
    service = buyer_subscription(person(request), pk)
    if service is None or not service.offer.charging.postpaid:
        raise Http404
    return service
