"""The list of the buyer's orders."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.orders.buyer_queries import OrderFilter, buyer_orders
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.web.access import person
from tradepost.market.web.pages import (
    Column,
    Empty,
    Link,
    Listing,
    ListQuery,
    fragment,
    moment,
    money,
    page_link,
    search,
    states,
    time_range,
)
from tradepost.market.web.pages.guards import buyer_list
from tradepost.market.web.status import look


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Order]:
    filters = OrderFilter(q=query["q"], status=query["status"], since=query.since, until=query.until)
    return buyer_orders(person(request), filters, after=after, size=size)


def _products(order: Order) -> str:
    return ", ".join(localised_name(line, "product_name") for line in order.lines.all())


def _total(order: Order) -> Money:
    """Return the amount paid; for an unsubscription its refund as a negative amount."""
    refund: Refund | None = getattr(order, "refund", None)
    return -refund.total if refund else order.total


COLUMNS: tuple[Column[Order], ...] = (
    page_link(_("Order"), "number", "storefront:order", "number", css="tp-id tp-whole"),
    fragment(_("Product"), _products, "storefront/parts/order_products.html", labelled=False),
    moment(_("Placed"), "placed_at"),
    money(_("Total"), _total, why=("storefront:order_explain", "number")),
    fragment(_("State"), lambda order: look("order", order).label, "storefront/parts/order_state.html", labelled=False),
)
LISTING: Listing[Order, Order] = Listing(
    name="storefront:orders",
    title=_("My orders"),
    layout="storefront/layout.html",
    source=_source,
    columns=COLUMNS,
    filters=(search(_("Order number or product")), states("order"), time_range()),
    empty=Empty(
        icon="receipt",
        title=_("No orders yet"),
        text=_("Your orders appear here, from payment to delivery."),
        action=_("Browse the store"),
        page="storefront:home",
    ),
    no_fit=Empty(
        icon="search",
        title=_("No orders found"),
        text=_("Try another keyword, state or time range."),
        action=_("Show all orders"),
        page="storefront:orders",
    ),
    links=(
        Link(words=_("My invoices"), page="storefront:invoices", icon="file-invoice"),
        Link(words=_("My refunds"), page="storefront:refunds", icon="arrow-back-up"),
    ),
    size=20,
    file="orders",
)
orders = buyer_list(LISTING)
