"""Buy a period image for a server: paid once, in effect at once, for one server at a time (business-rules §5)."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.models import Server
from tradepost.market.images import buyer_queries, servers
from tradepost.market.images.servers import ForServer
from tradepost.market.orders.place import quote
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent, shown_to_buyer
from .servers import offer_asked, rules_now, shown_quote

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, product_id: str) -> HttpResponse:
    offer = offer_asked(product_id, postpaid=False)
    if request.method != "POST":
        return _page(request, offer, None)
    said = request.POST
    command = ForServer(
        product_id=offer.product_id, server=whole_number(said.get("server", "")) or 0, periods=_periods(request, offer),
        agreed=said.get("agreed") == "on", agreements=shown_to_buyer(request), renews=said.get("renews") == "on", quote=said.get("quote", ""),
        idempotency_key=said.get("idempotency_key", "")[:64],
    )  # fmt: skip
    try:
        placed = servers.buy_image(person(request), command, rules=rules_now(), now=now_of(request))
    except Server.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _page(request, offer, refused)
    return redirect("storefront:order", number=placed.number)


def _periods(request: HttpRequest, offer: Offer) -> int:
    asked = whole_number((request.POST or request.GET).get("periods", ""), digits=6)
    return asked if asked is not None and asked in offer.period_numbers else int(offer.period_numbers[0])


def _page(request: HttpRequest, offer: Offer, refused: Refused | None) -> HttpResponse:
    periods = _periods(request, offer)
    beside = list(offer.sku.offers.filter(on_sale=True).order_by("pk"))
    context = {
        "offer": offer,
        "product": offer.sku.spec.product,
        "seller": offer.sku.spec.product.seller,
        "periods": periods,
        "choices": [
            (one, number, quote(one, quantity=offer.sku.quantity_min, periods=number).total)
            for one in beside if one.charging.ends
            for number in one.period_numbers
        ],
        "on_demand": next((one for one in beside if one.charging.postpaid), None),
        "priced": quote(offer, quantity=offer.sku.quantity_min, periods=periods),
        "ends": _ends(offer, periods, now_of(request)),
        "servers": buyer_queries.uncovered(person(request), offer),
        "chosen": request.POST.get("server", "") or request.GET.get("server", ""),
        **consent(request, offer.sku.spec.product, refused),
        "renews": request.POST.get("renews") == "on",
        "quote": shown_quote(request, offer, periods=periods),
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "refused": refused,
        "errors": {refused.field: refused.message} if refused else {},
    }  # fmt: skip
    return render(request, "storefront/period_image_new.html", context, status=refused.status if refused else 200)


def _ends(offer: Offer, periods: int, now: datetime) -> datetime:
    """Of what is paid now."""
    return period_end(now, offer.period_type, periods)
