"""Choose and order a product. The price follows each choice; what was typed stays when an order is refused."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.orders import quotes
from tradepost.market.orders.audience import why_not_sold_to
from tradepost.market.orders.buy import buy
from tradepost.market.orders.durations import Duration, durations
from tradepost.market.orders.place import PlaceOrder, quote, sold_version
from tradepost.market.orders.prerequisite import lacks_prerequisite, owed_before
from tradepost.market.orders.pricing import Priced
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent, shown_to_buyer
from .choice import Choice, Picked, choose, whole


class Param(Struct, frozen=True):
    """An extension parameter of the product with what was typed and what is wrong with it."""

    name: str
    definition: dict[str, Any]
    value: str
    error: str


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, product_id: int) -> HttpResponse:
    product = product_on_sale(pk=product_id)
    picked = Picked.of(request.POST or request.GET)
    choice = choose(product, picked) if product else None
    if product is None or choice is None:
        raise Http404
    if by_cloud(product.product_type):
        page = "storefront:server_new" if choice.offer.charging.postpaid else "storefront:period_image_new"
        here = reverse(page, args=[choice.offer.product_id])
        return redirect(f"{here}?{urlencode({'periods': choice.periods})}")  # it is ordered for a server
    if request.method != "POST":
        return _page(request, product, choice, None)
    try:
        _as_seen(request, choice, picked)
        placed = buy(
            person(request), _command(request, product, choice), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, product, choice, refused)
    return redirect("storefront:order", number=placed.number)


def _as_seen(request: HttpRequest, choice: Choice, picked: Picked) -> None:
    """Nobody orders what the page did not show: another choice, or the same at another price. The price is the quote's
    matter; a form without one says at least what it showed."""
    if not choice.is_what(picked):
        raise Refused(
            "order.choice_gone", _("Your choice is not on sale any more. The closest one is selected: check it.")
        )
    priced, _wrong = _price(choice)
    quoted = bool(request.POST.get("quote"))
    if priced is not None and not quoted and request.POST.get("total") != _stamp(choice, priced):
        raise Refused("order.price_changed", _("The price is now another one: check it and order again."))


def _stamp(choice: Choice, priced: Priced) -> str:
    """What was shown to cost what, in one word of the form."""
    offer, total = choice.offer, str(priced.total.minor)
    return f"{total}/{offer.usage_price:f}/{priced.quota.normalize():f}" if offer.charging.metered else total


def _included(choice: Choice, priced: Priced) -> Decimal:
    """Usage that a package holds at a time."""
    return priced.quota / priced.periods if choice.offer.reset else priced.quota


def _command(request: HttpRequest, product: Product, choice: Choice) -> PlaceOrder:
    typed = ((p["name"], request.POST.get(f"param_{p['name']}", "")) for p in product.extend_params)
    command = PlaceOrder(
        product_id=choice.offer.product_id,
        quantity=whole(choice.quantity),
        periods=whole(choice.periods),
        extend_params=tuple(typed),
        agreed=request.POST.get("agreed") == "on",
        agreements=shown_to_buyer(request),
        quote=request.POST.get("quote", ""),
        renews=choice.offer.renewable and request.POST.get("renews") == "on",
    )
    return replace(command, idempotency_key=_idempotency_key(request.POST.get("idempotency_key", "")[:64], command))


def _idempotency_key(shown: str, command: PlaceOrder) -> str:
    """Names one request: this display of the form and what was chosen in it. A second click says the same again; who
    goes back and chooses something else wants a second order."""
    if not shown:
        return ""
    chosen = [shown, command.product_id, command.quantity, command.periods, command.extend_params, command.renews]
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()


def _page(request: HttpRequest, product: Product, choice: Choice, refused: Refused | None) -> HttpResponse:
    priced, wrong = _price(choice)
    errors = {refused.field: refused.message} if refused else {}
    if wrong is not None:
        errors.setdefault(wrong.field, wrong.message)
    params = [
        Param(p["name"], p, request.POST.get(f"param_{p['name']}", ""), errors.pop(f"param_{p['name']}", ""))
        for p in product.extend_params
    ]
    context = {
        "product": product,
        "seller": product.seller,
        "choice": choice,
        "priced": priced,
        "kind": product_type(product.product_type),
        "included": _included(choice, priced) if priced else None,
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "stamp": _stamp(choice, priced) if priced else "",
        "quote": _quote(request, choice, priced) if priced else "",
        "lacks": lacks_prerequisite(person(request), choice.offer),
        "needed": _needed(choice),
        "not_sold": why_not_sold_to(person(request), choice.offer),
        "owes": owed_before(person(request), choice.offer),
        "params": params,
        **consent(request, product, refused),
        "renews": (request.POST or request.GET).get("renews") == "on",
        "each_time": _each_time(choice, priced) if priced else None,
        "errors": errors,
        "refused": refused,
        "wrong": wrong.message if wrong else "",
        "pay_minutes": config().unpaid_timeout_minutes,
    }
    return render(request, "storefront/checkout.html", context, status=refused.status if refused else 200)


def _quote(request: HttpRequest, choice: Choice, priced: Priced) -> str:
    return quotes.show(
        person(request), choice.offer, priced, version=sold_version(choice.spec.product), now=now_of(request),
        lasts=timedelta(minutes=config().quote_minutes),
    )  # fmt: skip


def _each_time(choice: Choice, priced: Priced) -> tuple[Duration, Money] | None:
    """By what the choice would be renewed automatically, and what that costs today; None for what cannot be."""
    duration = next(iter(durations(choice.offers)), None) if choice.offer.renewable else None
    if duration is None:
        return None
    offer = next(one for one in choice.offers if one.renewable and one.period_type == duration.period_type)
    return duration, quote(offer, quantity=priced.quantity, periods=duration.periods).total


def _needed(choice: Choice) -> Offer | None:
    """The offer to open first, where the chosen one needs one: of the same choice if it can be, else of the product."""
    needs = choice.offer.charging.needs
    of_product = (offer for spec in choice.specs for sku in spec.skus.all() for offer in sku.offers.all())
    return next((offer for offer in (*choice.offers, *of_product) if offer.charging_mode == needs), None)


def _price(choice: Choice) -> tuple[Priced | None, Refused | None]:
    try:
        return quote(choice.offer, quantity=whole(choice.quantity), periods=whole(choice.periods)), None
    except Refused as refused:
        return None, refused
