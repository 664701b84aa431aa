"""Choose and order a product. The price follows each choice, and a refused order keeps the input."""

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

from tradepost.market.applications.enterprise_needed import APPLICATION, check_enterprise, requirement_of
from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.orders import quotes
from tradepost.market.orders.audience import exclusion_reason
from tradepost.market.orders.buy import buy
from tradepost.market.orders.durations import Duration, durations
from tradepost.market.orders.place import PlaceOrder, price_choice, sold_version
from tradepost.market.orders.prerequisite import arrears_before, lacks_prerequisite
from tradepost.market.orders.pricing import PricedChoice
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent_context, submitted_stamp
from .choice import Choice, SubmittedChoice, choose, parse_count


class Param(Struct, frozen=True):
    """An extension parameter of the product, with the submitted value and its error."""

    name: str
    definition: dict[str, Any]
    value: str
    error: str


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, product_id: int) -> HttpResponse:
    product = product_on_sale(pk=product_id, also=(APPLICATION,))
    picked = SubmittedChoice.of(request.POST or request.GET)
    choice = choose(product, picked) if product else None
    if product is None or choice is None:
        raise Http404
    if runs_in_cloud(product.product_type):
        page = "storefront:server_new" if choice.offer.charging.postpaid else "storefront:period_image_new"
        url = reverse(page, args=[choice.offer.product_id])
        return redirect(f"{url}?{urlencode({'periods': choice.periods})}")  # ordered for a server
    if request.method != "POST":
        return _page(request, product, choice, None)
    try:
        check_enterprise(product, person(request))
        _check_unchanged(request, choice, picked)
        placed = buy(
            person(request), _command(request, product, choice), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, product, choice, refused)
    return redirect("storefront:order", number=placed.number)


def _check_unchanged(request: HttpRequest, choice: Choice, picked: SubmittedChoice) -> None:
    """Refuse an order that differs from what the page showed: another choice, or another price. A quote fixes the
    price; a form without one contains the price that it showed."""
    if not choice.is_what(picked):
        raise Refused(
            "order.choice_gone", _("Your choice is no longer on sale. The closest one is selected. Check it.")
        )
    priced, _wrong = _price_or_refusal(choice)
    quoted = bool(request.POST.get("quote"))
    if priced is not None and not quoted and request.POST.get("total") != _stamp(choice, priced):
        raise Refused("order.price_changed", _("The price has changed. Check it and order again."))


def _stamp(choice: Choice, priced: PricedChoice) -> str:
    """Return what was shown with its price, as one value of the form."""
    offer, total = choice.offer, str(priced.total.minor)
    return f"{total}/{offer.usage_price:f}/{priced.quota.normalize():f}" if offer.charging.metered else total


def _included_usage(choice: Choice, priced: PricedChoice) -> Decimal:
    """Return the usage that a package contains per period."""
    return priced.quota / priced.periods if choice.offer.reset else priced.quota


def _command(request: HttpRequest, product: Product, choice: Choice) -> PlaceOrder:
    typed = ((param["name"], request.POST.get(f"param_{param['name']}", "")) for param in product.extend_params)
    command = PlaceOrder(
        product_id=choice.offer.product_id,
        quantity=parse_count(choice.quantity),
        periods=parse_count(choice.periods),
        extend_params=tuple(typed),
        agreed=request.POST.get("agreed") == "on",
        agreements=submitted_stamp(request),
        quote=request.POST.get("quote", ""),
        renews=choice.offer.renewable and request.POST.get("renews") == "on",
    )
    return replace(command, idempotency_key=_idempotency_key(request.POST.get("idempotency_key", "")[:64], command))


def _idempotency_key(form_key: str, command: PlaceOrder) -> str:
    """Return the key of a request: a hash of the form's key and the choice. A second click repeats the request; another
    choice in the same form is a new order."""
    if not form_key:
        return ""
    chosen = [form_key, command.product_id, command.quantity, command.periods, command.extend_params, command.renews]
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()


def _page(request: HttpRequest, product: Product, choice: Choice, refused: Refused | None) -> HttpResponse:
    priced, wrong = _price_or_refusal(choice)
    errors = {refused.field: refused.message} if refused else {}
    if wrong is not None:
        errors.setdefault(wrong.field, wrong.message)
    params = [
        Param(
            param["name"],
            param,
            request.POST.get(f"param_{param['name']}", ""),
            errors.pop(f"param_{param['name']}", ""),
        )
        for param in product.extend_params
    ]
    context = {
        "product": product,
        "seller": product.seller,
        "choice": choice,
        "priced": priced,
        "kind": product_type(product.product_type),
        "included": _included_usage(choice, priced) if priced else None,
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "stamp": _stamp(choice, priced) if priced else "",
        "quote": _quote(request, choice, priced) if priced else "",
        "joint": requirement_of(product, person(request)),
        "lacks": lacks_prerequisite(person(request), choice.offer),
        "needed": _required_offer(choice),
        "not_sold": exclusion_reason(person(request), choice.offer),
        "owes": arrears_before(person(request), choice.offer),
        "params": params,
        **consent_context(request, product, refused),
        "renews": (request.POST or request.GET).get("renews") == "on",
        "each_time": _renewal_price(choice, priced) if priced else None,
        "errors": errors,
        "refused": refused,
        "wrong": wrong.message if wrong else "",
        "pay_minutes": config().orders.unpaid_timeout_minutes,
    }
    return render(request, "storefront/checkout.html", context)


def _quote(request: HttpRequest, choice: Choice, priced: PricedChoice) -> str:
    return quotes.sign_quote(
        person(request), choice.offer, priced, version=sold_version(choice.spec.product), now=now_of(request),
        lasts=timedelta(minutes=config().orders.quote_minutes),
    )  # fmt: skip


def _renewal_price(choice: Choice, priced: PricedChoice) -> tuple[Duration, Money] | None:
    """Return the duration of an automatic renewal and its price today; None if the choice cannot be renewed."""
    duration = next(iter(durations(choice.offers)), None) if choice.offer.renewable else None
    if duration is None:
        return None
    offer = next(offer for offer in choice.offers if offer.renewable and offer.period_type == duration.period_type)
    return duration, price_choice(offer, quantity=priced.quantity, periods=duration.periods).total


def _required_offer(choice: Choice) -> Offer | None:
    """Return the offer that must be opened first, if the chosen offer needs one: of the same choice if possible,
    otherwise of the product."""
    required_mode = choice.offer.charging.needs
    product_offers = (offer for spec in choice.specs for sku in spec.skus.all() for offer in sku.offers.all())
    return next((offer for offer in (*choice.offers, *product_offers) if offer.charging_mode == required_mode), None)


def _price_or_refusal(choice: Choice) -> tuple[PricedChoice | None, Refused | None]:
    try:
        return price_choice(
            choice.offer, quantity=parse_count(choice.quantity), periods=parse_count(choice.periods)
        ), None
    except Refused as refused:
        return None, refused
