"""The seller's order lines: list, and detail page with buyer, amounts, instance, history and calls."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment.unheard import unsent_freezes
from tradepost.market.identity.menus import Menu
from tradepost.market.orders import seller_queries
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_queries import refunds_of_line
from tradepost.market.orders.seller_queries import LineFilter
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import seller_queries as production
from tradepost.market.production.models import GOOD_VERDICTS, Call
from tradepost.market.subscriptions.lifecycle import license_of
from tradepost.market.web.order_agreements import accepted_agreements
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    moment,
    money,
    page_link,
    search,
    state,
    states,
    text,
    time_range,
)

from .frame import SellerRequest, or_404, products_of, seller_list, seller_page, show
from .history import line_events
from .messages import last_result


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[OrderLine]:
    filters = LineFilter(search=query["q"], status=query["status"], since=query.since, until=query.until)
    return seller_queries.seller_lines(request.seller, filters, after=after, size=size)


def _kind(line: OrderLine) -> str:
    """Return the specification, and the type of an order that is not a purchase."""
    kind = line.order.get_order_type_display() if line.order.order_type != Order.Type.NEW else ""
    return " · ".join(filter(None, (localised_name(line, "spec_name"), str(kind))))


def _amount(line: OrderLine) -> Money:
    return -line.list_amount if line.order.order_type == Order.Type.UNSUBSCRIBE else line.amount


LISTING: Listing[OrderLine, OrderLine] = Listing(
    name="seller_center:orders",
    title=_("Orders"),
    layout="seller_center/layout.html",
    source=_source,
    columns=(
        page_link(_("Order line"), "number", "seller_center:order", "number", css="tp-id sc-number"),
        text(_("Product"), ":product_name", under=_kind, labelled=False),
        text(_("Buyer"), lambda line: seller_queries.buyer_name(line.order.buyer) or "–"),
        state(_("State"), "order", "order"),
        moment(_("Ordered"), "order.placed_at"),
        money(_("Amount"), _amount, why=("seller_center:order_explain", "number")),
    ),
    filters=(search(_("Order number, instanceId or product name")), states("order"), time_range()),
    empty=Empty(icon="receipt", title=_("No orders yet"), text=_("Orders of your products appear here.")),
    no_fit=Empty(
        icon="search",
        title=_("No orders found"),
        text=_("Check the number, or try another state or time."),
        action=_("Show all orders"),
        page="seller_center:orders",
    ),
    file="orders",
)
orders = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def order(request: SellerRequest, number: str) -> HttpResponse:
    line = or_404(seller_queries.find_line(request.seller, number))
    calls = production.calls_of_line(request.seller, line.number)
    return show(
        request,
        "seller_center/order.html",
        line=line,
        buyer=seller_queries.buyer_contact(line),
        calls=[(call, last_result(call)) for call in calls],
        paid_back=refunds_of_line(line),
        probed=_probed(request, calls),
        calls_server=product_type(line.product.product_type).needs_interface,
        not_asked=unsent_freezes([line.subscription]).get(line.subscription.pk, "") if line.subscription else "",
        license_length=len(license_of(line.subscription)) if line.subscription else 0,
        events=line_events(line, seller_queries.state_changes_of(line)),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def agreement(request: SellerRequest, number: str) -> HttpResponse:
    """Show the product service agreement that the buyer accepted with the order."""
    line = or_404(seller_queries.find_line(request.seller, number))
    accepted = or_404(accepted_agreements(line.order, for_seller=True))
    return show(request, "seller_center/order_agreement.html", line=line, accepted=accepted)


def _probed(request: SellerRequest, calls: Sequence[Call]) -> int | None:
    """Return the product whose probes explain a failed call; None without one, or without access to them."""
    failed = next((call for call in calls if call.last_verdict not in GOOD_VERDICTS), None)
    if failed is None or failed.product_id is None or not request.rights.sees(Menu.TOOLS):
        return None
    return failed.product_id if products_of(request).filter(pk=failed.product_id).exists() else None
