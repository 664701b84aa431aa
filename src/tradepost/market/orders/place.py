"""Place an order: check what was chosen against the offer and its controls, price it, store it unpaid.

No product is locked here (decision 0009): what is scarce, a limit or a stock, has a row of its own that is locked last.
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
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription

from . import quotes
from .agreements import Agreements, accept
from .audience import check_audience
from .durations import Duration, shortest_duration
from .models import Order, OrderLine
from .prerequisite import check_owes_nothing, check_prerequisite
from .pricing import Priced, Tariff, as_stored, price
from .reserve import reserve

UNPAID_TIMEOUT = "orders.unpaid_timeout"
LONGEST_PARAM = 200


class PlaceOrder(Struct, frozen=True, kw_only=True):
    """What a buyer chose. ``product_id`` is the offer's id on the wire; ``periods`` counts days, months or years.
    ``idempotency_key`` names the request, so that it makes one order however often it is sent."""

    product_id: str
    quantity: int = 1
    periods: int = 1
    extend_params: tuple[tuple[str, str], ...] = ()
    agreed: bool = False
    agreements: str = ""
    """``Agreements.stamp`` of what the page showed. Empty where nothing was shown: then the versions in force hold."""
    idempotency_key: str = ""
    renews: bool = False
    """Whether it is to be renewed automatically, by its shortest duration (business-rules §4.5)."""
    for_server: int | None = None
    """Key of the server that it is for: products that run on servers are ordered for one (business-rules §5)."""
    quote: str = ""
    """As ``quotes.show`` gave it to the page: what was shown is what is charged. Empty where nothing was shown: then the
    price of the moment holds."""


def place_order(
    buyer: User, command: PlaceOrder, *, now: datetime, unpaid_timeout: timedelta,
    origin: Order.Origin = Order.Origin.BUYER,
) -> Order:  # fmt: skip
    """Store the order with one line, unpaid. Raises ``Refused`` with the field that is wrong; nothing is stored then.

    ``origin``: a timer, where the market orders what its buyer asked it to order then.
    """
    offer = find_offer(command.product_id)
    accepted = accept(
        offer.sku.spec.product, agreed=command.agreed, shown=command.agreements, origin=origin,
        pay_within=unpaid_timeout, now=now,
    )  # fmt: skip
    priced = quote(offer, quantity=command.quantity, periods=command.periods)
    _check_server(offer, command.for_server)
    check_prerequisite(buyer, offer)
    check_owes_nothing(buyer, offer)
    check_audience(buyer, offer)
    params = _extend_params(offer.sku.spec.product, command.extend_params)
    renews = _renews(offer) if command.renews else None
    shown = quotes.check(quotes.read(buyer, command.quote), offer, priced, now=now) if command.quote else None
    with transaction.atomic():
        order = store_unpaid(
            buyer,
            Order.Type.TRIAL if offer.trial else Order.Type.NEW,
            priced.total, now=now, pay_before=now + unpaid_timeout, idempotency_key=command.idempotency_key,
            origin=origin,
        )  # fmt: skip
        taken = reserve(order, offer, quantity=priced.quantity, now=now)
        store_line(
            order, offer, priced, params=params, stock_taken=taken, renews=renews, for_server=command.for_server,
            accepted=accepted, now=now,
        )  # fmt: skip
        if shown is not None:
            quotes.keep(shown, order, offer, priced, now=now)
    return order


def _renews(offer: Offer) -> Duration:
    shortest = shortest_duration(offer)
    if shortest is None:
        raise Refused(
            "order.not_renewable",
            _("What you chose cannot be renewed automatically."),
            HTTPStatus.BAD_REQUEST,
            field="renews",
        )
    return shortest


def _check_server(offer: Offer, server: int | None) -> None:
    """Whoever names a server has looked whose it is. Raises ``Refused`` for a product of servers without one."""
    if by_cloud(offer.sku.spec.product.product_type) != (server is not None):
        raise Refused(
            "order.server",
            _("This is ordered for a server: begin on the page of the product."),
            HTTPStatus.BAD_REQUEST,
            field="for_server",
        )


def store_unpaid(
    buyer: User, order_type: Order.Type, total: Money, *, now: datetime, pay_before: datetime, idempotency_key: str = "",
    origin: Order.Origin = Order.Origin.BUYER,
) -> Order:  # fmt: skip
    """The order without its line, and the timer that cancels it."""
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
    """The order, not stored yet."""
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


RENEWED = (Product.Status.ON_SALE, Product.Status.FROZEN)
"""Of which products a service can be renewed: a freeze of trading stops new purchases."""


def find_offer(product_id: str, *, renewed: bool = False) -> Offer:
    """The offer that can be bought, or ``renewed``. Raises ``Refused``: 404 when it is unknown or not on sale, 409
    (``product.frozen``) while the trading of its product is frozen."""
    offer = (
        Offer.objects.select_related("sku__spec__product__seller", "sku__spec__product__stock")
        .filter(
            product_id=product_id,
            on_sale=True,
            sku__spec__product__status__in=RENEWED,
            sku__spec__product__seller__status=Seller.Status.ACTIVE,
        )
        .first()
    )
    if offer is None:
        raise Refused(
            "offer.unknown", _("This choice is not on sale (any more)."), HTTPStatus.NOT_FOUND, field="product_id"
        )
    if not renewed and offer.sku.spec.product.status == Product.Status.FROZEN:
        raise frozen()
    return offer


def frozen() -> Refused:
    return Refused(
        "product.frozen",
        _("Sales of this product are suspended at the moment. Services that are in use go on."),
        HTTPStatus.CONFLICT,
        field="product_id",
    )


def quote(offer: Offer, *, quantity: int, periods: int) -> Priced:
    """What a choice costs. Raises ``Refused`` for a quantity or duration that is not offered."""
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
        return price(Tariff.of(offer), quantity=quantity, periods=1)
    if periods not in offer.period_numbers:
        raise Refused(
            "order.periods", _("Choose one of the durations that are offered."), HTTPStatus.BAD_REQUEST, field="periods"
        )
    return price(Tariff.of(offer), quantity=quantity, periods=periods)


def _extend_params(product: Product, given: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    values = dict(given)
    asked: list[dict[str, Any]] = product.extend_params
    if unknown := values.keys() - {p["name"] for p in asked}:
        raise Refused(
            "order.param_unknown",
            _("Unknown extension parameter: %s") % ", ".join(sorted(unknown)),
            HTTPStatus.BAD_REQUEST,
        )
    for param in asked:
        value = values.get(param["name"], "").strip()
        if param.get("required") and not value:
            raise Refused(
                "order.param_missing",
                _("This product needs this information."),
                HTTPStatus.BAD_REQUEST,
                field=f"param_{param['name']}",
            )
        if len(value) > LONGEST_PARAM:
            raise Refused(
                "order.param_long", _("At most 200 characters."), HTTPStatus.BAD_REQUEST, field=f"param_{param['name']}"
            )
    return [{"name": p["name"], "value": values[p["name"]].strip()} for p in asked if values.get(p["name"], "").strip()]


def sold_version(product: Product) -> int:
    """Key of the version that is sold now; of what is not listed (a sandbox tries out what was withdrawn), the last that was."""
    latest = (
        F("listed_at").desc(nulls_last=True),
        "-number",
    )  # PostgreSQL would put versions that were never listed first
    versions = Version.objects.filter(product=product).order_by(*latest).values_list("pk", flat=True)
    found = versions.filter(status=Version.Status.LISTED).first() or versions.first()
    if found is None:
        raise LookupError(f"product {product.pk} has no version")
    return found


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
    priced: Priced,
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
    """The order's only line: a snapshot of what was chosen. ``subscription``: what the order is about, when it is held
    already. ``list_minor``: what it costs without any reduction, where that is not its price. ``until``: where its end does
    not follow from the duration. ``renews``: by what it is to be renewed automatically. ``change_terms``: of a change in use
    (``change_fee.as_stored``). ``accepted``: the agreements that its buyer accepted."""
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
    order: Order, offer: Offer, priced: Priced, *, version: int, now: datetime, subscription: Subscription | None = None,
    until: datetime | None = None,
) -> OrderLine:  # fmt: skip
    """The line, not stored yet, of what costs its price and asks nothing. ``version``: the key of the one that is sold."""
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
