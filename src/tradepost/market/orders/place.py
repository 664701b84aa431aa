"""Place an order: check the choice against the offer and its controls, price it, and store it unpaid.

Products are not locked (decision 0009). Limits and stock have rows that are locked last.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product, Sku, Version
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription

from . import quotes
from .agreements import Agreements, accept
from .audience import check_audience
from .durations import Duration, shortest_duration
from .models import Order, OrderLine
from .prerequisite import check_owes_nothing, check_prerequisite
from .pricing import PricedChoice, Tariff, as_stored, calculate_price
from .reserve import reserve

UNPAID_TIMEOUT = "orders.unpaid_timeout"
MAX_PARAM_LENGTH = 200


class PlaceOrder(Struct, frozen=True, kw_only=True):
    """Choice of a buyer. ``product_id``: the offer's ID on the wire; ``periods``: days, months or years.
    ``idempotency_key`` identifies the request, so that repetitions create one order."""

    product_id: str
    quantity: int = 1
    periods: int = 1
    extend_params: tuple[tuple[str, str], ...] = ()
    agreed: bool = False
    agreements: str = ""
    """``Agreements.stamp`` of the texts on the page. Empty if no page showed them; then the versions in force apply."""
    idempotency_key: str = ""
    renews: bool = False
    """Whether to renew automatically, by the shortest duration (business-rules §4.5)."""
    for_server: int | None = None
    """Key of the server to order for, for products that run on servers (business-rules §5)."""
    quote: str = ""
    """Quote from ``quotes.sign_quote``; the quoted price is charged. Empty if no page showed one; then the present price
    applies."""


def place_order(
    buyer: User, command: PlaceOrder, *, now: datetime, unpaid_timeout: timedelta,
    origin: Order.Origin = Order.Origin.BUYER,
) -> Order:  # fmt: skip
    """Store the unpaid order with one line. Raises ``Refused`` with the invalid field and then stores nothing.

    ``origin``: a timer if the market places the order at the buyer's earlier request.
    """
    offer = find_offer(command.product_id)
    acceptance = accept(
        offer.sku.spec.product, agreed=command.agreed, shown_stamp=command.agreements, origin=origin,
        pay_within=unpaid_timeout, now=now,
    )  # fmt: skip
    priced = price_choice(offer, quantity=command.quantity, periods=command.periods)
    _check_server(offer, command.for_server)
    check_prerequisite(buyer, offer)
    check_owes_nothing(buyer, offer)
    check_audience(buyer, offer)
    params = _extend_params(offer.sku.spec.product, command.extend_params)
    renews = _renewal_duration(offer) if command.renews else None
    shown_quote = (
        quotes.check_quote(quotes.read_quote(buyer, command.quote), offer, priced, now=now) if command.quote else None
    )
    with transaction.atomic():
        order = store_unpaid(
            buyer,
            Order.Type.TRIAL if offer.trial else Order.Type.NEW,
            priced.total, now=now, pay_before=now + unpaid_timeout, idempotency_key=command.idempotency_key,
            origin=origin,
        )  # fmt: skip
        stock_taken = reserve(order, offer, quantity=priced.quantity, now=now)
        store_line(
            order, offer, priced, params=params, stock_taken=stock_taken, renews=renews, for_server=command.for_server,
            accepted=acceptance, now=now,
        )  # fmt: skip
        if shown_quote is not None:
            quotes.store_quote(shown_quote, order, offer, priced, now=now)
    return order


def _renewal_duration(offer: Offer) -> Duration:
    shortest = shortest_duration(offer)
    if shortest is None:
        raise Refused(
            "order.not_renewable",
            _("The selected product cannot be renewed automatically."),
            HTTPStatus.BAD_REQUEST,
            field="renews",
        )
    return shortest


def _check_server(offer: Offer, server: int | None) -> None:
    """Raise ``Refused`` unless a product on servers has a server, and other products have none. The caller checks the
    server's owner."""
    if runs_in_cloud(offer.sku.spec.product.product_type) != (server is not None):
        raise Refused(
            "order.server",
            _("This product is ordered for a server. Start from the product page."),
            HTTPStatus.BAD_REQUEST,
            field="for_server",
        )


def store_unpaid(
    buyer: User, order_type: Order.Type, total: Money, *, now: datetime, pay_before: datetime, idempotency_key: str = "",
    origin: Order.Origin = Order.Origin.BUYER,
) -> Order:  # fmt: skip
    """Store the order without its line, and the timer that cancels it."""
    order = new_order(
        buyer, order_type, total, now=now, pay_before=pay_before, idempotency_key=idempotency_key, origin=origin
    )
    order.save(force_insert=True)
    jobs.schedule(UNPAID_TIMEOUT, order.number, due_at=pay_before, payload={"order": order.number})
    return order


def new_order(
    buyer: User, order_type: Order.Type, total: Money, *, now: datetime, pay_before: datetime, idempotency_key: str = "",
    origin: Order.Origin = Order.Origin.BUYER,
) -> Order:  # fmt: skip
    """Return an unsaved order."""
    return Order(
        number=ids.order_number(now),
        order_type=order_type,
        origin=origin,
        buyer=buyer,
        total_minor=total.minor,
        currency=total.currency,
        placed_at=now,
        pay_before=pay_before,
        idempotency_key=idempotency_key,
    )


RENEWABLE_STATUSES = (Product.Status.ON_SALE, Product.Status.FROZEN)
"""Product states in which services can be renewed: a freeze of trading stops new purchases only."""


def find_offer(product_id: str, *, renewed: bool = False) -> Offer:
    """Return the offer for a purchase, or for a renewal if ``renewed``. Raises ``Refused``: 404 if it is unknown or not
    on sale, 409 (``product.frozen``) while trading is frozen."""
    offer = (
        Offer.objects.select_related("sku__spec__product__seller", "sku__spec__product__stock")
        .filter(
            product_id=product_id,
            on_sale=True,
            sku__spec__product__status__in=RENEWABLE_STATUSES,
            sku__spec__product__seller__status=Seller.Status.ACTIVE,
        )
        .first()
    )
    if offer is None:
        raise Refused(
            "offer.unknown", _("This option is not currently on sale."), HTTPStatus.NOT_FOUND, field="product_id"
        )
    if not renewed and offer.sku.spec.product.status == Product.Status.FROZEN:
        raise sales_frozen_refusal()
    return offer


def sales_frozen_refusal() -> Refused:
    return Refused(
        "product.frozen",
        _("Sales of this product are suspended at the moment. Services in use are not affected."),
        HTTPStatus.CONFLICT,
        field="product_id",
    )


def price_choice(offer: Offer, *, quantity: int, periods: int) -> PricedChoice:
    """Return the price of a choice. Raises ``Refused`` for a quantity or duration that is not offered."""
    sku = offer.sku
    fits = sku.quantity_min <= quantity <= sku.quantity_max and (quantity - sku.quantity_min) % sku.quantity_step == 0
    if not fits:
        raise Refused(
            "order.quantity",
            _("Choose a quantity from %(min)s to %(max)s in steps of %(step)s.")
            % {"min": sku.quantity_min, "max": sku.quantity_max, "step": sku.quantity_step},
            HTTPStatus.BAD_REQUEST,
            field="quantity",
        )
    if not offer.charging.ends:
        return calculate_price(Tariff.of(offer), quantity=quantity, periods=1)
    if periods not in offer.period_numbers:
        raise Refused(
            "order.periods", _("Choose one of the available durations."), HTTPStatus.BAD_REQUEST, field="periods"
        )
    return calculate_price(Tariff.of(offer), quantity=quantity, periods=periods)


def _extend_params(product: Product, entered_values: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    values = dict(entered_values)
    definitions: list[dict[str, Any]] = product.extend_params
    if unknown_names := values.keys() - {p["name"] for p in definitions}:
        raise Refused(
            "order.param_unknown",
            _("Unknown extension parameter: %s") % ", ".join(sorted(unknown_names)),
            HTTPStatus.BAD_REQUEST,
        )
    for param in definitions:
        value = values.get(param["name"], "").strip()
        if param.get("required") and not value:
            raise Refused(
                "order.param_missing",
                _("This product needs this information."),
                HTTPStatus.BAD_REQUEST,
                field=f"param_{param['name']}",
            )
        if len(value) > MAX_PARAM_LENGTH:
            raise Refused(
                "order.param_long", _("At most 200 characters."), HTTPStatus.BAD_REQUEST, field=f"param_{param['name']}"
            )
    return [
        {"name": p["name"], "value": values[p["name"]].strip()}
        for p in definitions
        if values.get(p["name"], "").strip()
    ]


def sold_version(product: Product) -> int:
    """Return the key of the version on sale. For an unlisted product (sandbox orders), return the version listed last."""
    latest_version = (
        F("listed_at").desc(nulls_last=True),
        "-number",
    )  # PostgreSQL would sort versions that were never listed first
    versions = Version.objects.filter(product=product).order_by(*latest_version).values_list("pk", flat=True)
    version = versions.filter(status=Version.Status.LISTED).first() or versions.first()
    if version is None:
        raise LookupError(f"product {product.pk} has no version")
    return version


def chosen_values(sku: Sku) -> list[dict[str, str]]:
    return [
        {
            "name": attribute["name"],
            "name_en": attribute["name_en"],
            "value": value["name"],
            "value_en": value["name_en"],
        }
        for attribute in sku.spec.attributes
        for value in attribute["values"]
        if sku.values.get(attribute["code"]) == value["code"]
    ]


def store_line(
    order: Order,
    offer: Offer,
    priced: PricedChoice,
    *,
    now: datetime,
    params: list[dict[str, str]] | None = None,
    subscription: Subscription | None = None,
    list_minor: int | None = None,
    stock_taken: int = 0,
    until: datetime | None = None,
    renews: Duration | None = None,
    change_terms: dict[str, Any] | None = None,
    for_server: int | None = None,
    accepted: Agreements | None = None,
) -> OrderLine:
    """Store the order's only line, a snapshot of the choice.

    ``subscription``: the existing service that the order is about. ``list_minor``: price without reductions, if it
    differs from the price. ``until``: the end, if the duration does not decide it. ``renews``: duration of automatic
    renewals. ``change_terms``: terms of a change (``change_fee.as_stored``). ``accepted``: agreements that the buyer
    accepted.
    """
    line = new_line(
        order,
        offer,
        priced,
        version=accepted.version if accepted else sold_version(offer.sku.spec.product),
        subscription=subscription,
        until=until,
        now=now,
    )
    if order.order_type == Order.Type.NEW and order.origin != Order.Origin.SANDBOX:
        product = offer.sku.spec.product
        line.flow = product.flow or product_type(product.product_type).flow
    line.extend_params = params or []
    line.list_minor = priced.total.minor if list_minor is None else list_minor
    line.stock_taken, line.change_terms, line.for_server = stock_taken, change_terms, for_server
    line.auto_period_type, line.auto_periods = (renews.period_type, renews.periods) if renews else ("", 0)
    if accepted is not None:
        line.buyer_agreement, line.service_agreement = accepted.buyer, accepted.service
        line.agreed_pay_minutes = accepted.pay_minutes
    line.save(force_insert=True)
    return line


def new_line(
    order: Order, offer: Offer, priced: PricedChoice, *, version: int, now: datetime, subscription: Subscription | None = None,
    until: datetime | None = None,
) -> OrderLine:  # fmt: skip
    """Return an unsaved line at its full price, without parameters. ``version``: key of the version on sale."""
    sku = offer.sku
    spec, product = sku.spec, sku.spec.product
    return OrderLine(
        order=order,
        number=ids.line_number(order.number, 1),
        buyer_id=order.buyer_id,
        seller=product.seller,
        product=product,
        offer=offer,
        version_id=version,
        subscription=subscription,
        charging_mode=offer.charging_mode,
        period_type=offer.period_type,
        period_number=priced.periods if offer.period_type else 0,
        quantity=priced.quantity,
        amount_minor=priced.total.minor,
        list_minor=priced.total.minor,
        usage_unit=offer.usage_unit,
        usage_unit_en=offer.usage_unit_en,
        usage_price=offer.usage_price,
        quota=priced.quota,
        price_lines=as_stored(priced.lines),
        until=until,
        sku_code=sku.code,
        linear=sku.quantity_max > sku.quantity_min,
        product_name=product.name,
        product_name_en=product.name_en,
        spec_name=spec.name,
        spec_name_en=spec.name_en,
        values=chosen_values(sku),
        agreed_at=now,
    )
