"""A buyer's usage: what services on demand cost, what is owed, and each charge explained down to what its seller reported."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing import arrears
from tradepost.market.billing.models import Charge
from tradepost.market.billing.package_queries import by_package
from tradepost.market.billing.queries import charge_of_buyer, charged_since, charges_of_buyer, explain, records_of
from tradepost.market.metering.seller_queries import records_of_service, units, used_since
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.web.access import buyer_required, now_of, person

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """All of them, or those of one service; and what is owed."""
    buyer, currency = person(request), config().currency
    chosen = whole_number(request.GET.get("service", ""))
    service = buyer_subscription(buyer, chosen) if chosen is not None else None
    open_only = request.GET.get("state") == "open"
    context = {
        "page": charges_of_buyer(buyer, subscription=chosen, open_only=open_only, after=request.GET.get("after", "")),
        "service": service,
        "state": "open" if open_only else "",
        "owed": arrears.owed(buyer, currency),
        "arrears": arrears.standing(buyer, currency),
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
        "deductions": by_package(found),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
    }
    return render(request, "storefront/charge.html", context)


@buyer_required
@private
@require_safe
def usage(request: HttpRequest, pk: int) -> HttpResponse:
    """What a service used this month, as its seller reported it, and what that cost."""
    service = buyer_subscription(person(request), pk)
    if service is None or not service.offer.charging.postpaid:
        raise Http404
    listed = records_of_service(service, after=request.GET.get("after", ""))
    month = _month_of(now_of(request))
    context = {
        "service": service,
        "used": used_since(service, month),
        "charged": charged_since(service, month, service.offer.currency),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
    }
    return render(request, "storefront/usage.html", context)


def _month_of(now: datetime) -> datetime:
    local = now.astimezone(timezone.get_default_timezone())
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
