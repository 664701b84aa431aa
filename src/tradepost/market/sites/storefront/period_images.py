"""Buy a period image for a server: paid once, effective at once, for one server at a time (business-rules §5)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.models import Server
from tradepost.market.images import buyer_queries, servers
from tradepost.market.images.servers import OrderForServer
from tradepost.market.orders.place import price_choice
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages import require_choice
from tradepost.market.web.pages.guards import buyer_form

from .agreement import consent_context, submitted_stamp
from .servers import price_quote, requested_offer, rules_now


@buyer_form
def new(request: HttpRequest, product_id: str) -> HttpResponse:
    offer = requested_offer(product_id, postpaid=False)
    if request.method != "POST":
        return _page(request, offer, None)
    data = request.POST
    command = OrderForServer(
        product_id=offer.product_id, server=whole_number(data.get("server", "")) or 0, periods=_periods(request, offer),
        agreed=data.get("agreed") == "on", agreements=submitted_stamp(request), renews=data.get("renews") == "on",
        quote=data.get("quote", ""),
        idempotency_key=data.get("idempotency_key", "")[:64],
    )  # fmt: skip
    try:
        placed = servers.buy_image(person(request), command, rules=rules_now(), now=now_of(request))
    except Server.DoesNotExist:
        return require_choice(None)
    except Refused as refused:
        return _page(request, offer, refused)
    return redirect("storefront:order", number=placed.number)


def _periods(request: HttpRequest, offer: Offer) -> int:
    periods = whole_number((request.POST or request.GET).get("periods", ""), digits=6)
    return periods if periods is not None and periods in offer.period_numbers else int(offer.period_numbers[0])


def _page(request: HttpRequest, offer: Offer, refused: Refused | None) -> HttpResponse:
    periods = _periods(request, offer)
    offers = list(offer.sku.offers.filter(on_sale=True).order_by("pk"))
    context = {
        "offer": offer,
        "product": offer.sku.spec.product,
        "seller": offer.sku.spec.product.seller,
        "periods": periods,
        "choices": [
            (image_offer, number, price_choice(image_offer, quantity=offer.sku.quantity_min, periods=number).total)
            for image_offer in offers if image_offer.charging.ends
            for number in image_offer.period_numbers
        ],
        "on_demand": next((image_offer for image_offer in offers if image_offer.charging.postpaid), None),
        "priced": price_choice(offer, quantity=offer.sku.quantity_min, periods=periods),
        "ends": _ends(offer, periods, now_of(request)),
        "servers": buyer_queries.uncovered_servers(person(request), offer),
        "chosen": request.POST.get("server", "") or request.GET.get("server", ""),
        **consent_context(request, offer.sku.spec.product, refused),
        "renews": request.POST.get("renews") == "on",
        "quote": price_quote(request, offer, periods=periods),
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "refused": refused,
        "errors": {refused.field: refused.message} if refused else {},
    }  # fmt: skip
    return render(request, "storefront/period_image_new.html", context)


def _ends(offer: Offer, periods: int, now: datetime) -> datetime:
    """Return the end of the period that is being paid."""
    return period_end(now, offer.period_type, periods)
