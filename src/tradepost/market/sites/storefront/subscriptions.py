"""The list of the buyer's services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.catalog.shelf_queries import sells_packages
from tradepost.market.fulfilment.converting import convertible
from tradepost.market.fulfilment.renewing import renewable
from tradepost.market.orders.changes import with_open_changes
from tradepost.market.subscriptions.buyer_queries import SubscriptionFilter, buyer_subscriptions
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.service_rows import ServiceRow, rows_of
from tradepost.market.web.status import state_choices

if TYPE_CHECKING:
    from django.utils.functional import Promise


@buyer_required
@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    filters = SubscriptionFilter(q=request.GET.get("q", "").strip()[:64], status=request.GET.get("status", ""))
    page = buyer_subscriptions(person(request), filters, after=request.GET.get("after", ""))
    context = {
        "filters": filters,
        "page": page,
        "rows": with_remedies(page.rows, now=now_of(request)),
        "states": state_choices("subscription"),
    }
    return render(request, "storefront/subscriptions.html", context)


class Remedy(Struct, frozen=True):
    """What the buyer of a frozen service can do: a page to open, or only a text."""

    words: str | Promise
    url: str = ""


def with_remedies(services: Sequence[Subscription], *, now: datetime) -> list[tuple[ServiceRow, Remedy | None]]:
    """Return the services with their remedies. A fixed number of queries if some are frozen, plus one for each with a
    used-up package."""
    frozen = [service for service in services if service.status == Subscription.Status.FROZEN]
    with_open_order = with_open_changes(frozen)
    can_renew = renewable(frozen, now=now) - with_open_order if frozen else set()
    can_convert = convertible(frozen, now=now) - with_open_order if frozen else set()
    return [
        (row, _remedy(row, with_open_order, can_renew, can_convert) if row.reasons else None)
        for row in rows_of(services)
    ]


def _remedy(row: ServiceRow, with_open_order: set[int], can_renew: set[int], can_convert: set[int]) -> Remedy:
    """Return the remedy for the first blocking reason. The page of the service shows all reasons."""
    service = row.subscription
    if Freeze.Reason.OPERATOR in row.reasons:
        return Remedy(_("Frozen by the operator. Contact Support."))
    if Freeze.Reason.ARREARS in row.reasons:
        return Remedy(_("Pay the debt"), reverse("storefront:balance"))
    if Freeze.Reason.USED_UP in row.reasons:
        if sells_packages(service.product):
            return Remedy(_("Buy another package"), reverse("storefront:product", args=[service.product.slug]))
        return Remedy(_("Its package is used up, and no further package is sold."))
    if service.pk in with_open_order:
        return Remedy(_("An order about this service is not done yet."))
    if service.pk in can_renew:
        return Remedy(_("Renew"), reverse("storefront:renew", args=[service.pk]))
    if service.pk in can_convert:
        return Remedy(_("Convert to paid"), reverse("storefront:formal", args=[service.pk]))
    return Remedy(_("It cannot be renewed. Contact the seller."))
