"""All orders of the market: list, and detail page with lines, bookings, history and calls."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment import operator_queries
from tradepost.market.fulfilment import pay_back as verb
from tradepost.market.fulfilment.unheard import unsent_freezes
from tradepost.market.orders import operator_queries as orders
from tradepost.market.orders.models import Order
from tradepost.market.payments import queries as payments
from tradepost.market.product_types.registry import product_types
from tradepost.market.production.operator_queries import calls_of_order
from tradepost.market.web import approving
from tradepost.market.web.access import operator_required
from tradepost.market.web.approved_acts import REFUND_ORDER
from tradepost.market.web.approved_commands import PayBackOrder
from tradepost.market.web.order_agreements import accepted_agreements
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    ask,
    fragment,
    moment,
    money,
    page_link,
    search,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look
from tradepost.market.web.templatetags.ui import moment as shown_moment
from tradepost.market.web.templatetags.ui import money as shown_money
from tradepost.market.web.timeline import TimelineEvent, events_of_moves, moves_of

from .attempts import described_attempts

STOPPED = "stopped"
"""Filter for orders in processing whose delivery has stopped; not a state of an order."""
UNDELIVERED = "undelivered"
"""Filter for orders refunded because they could not be delivered, by the time of the refund."""


class RefundForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For the order history. The seller can see it; the buyer cannot."),
    )  # fmt: skip


class ListedOrder(Struct, frozen=True):
    order: Order
    stopped: bool
    """Whether its delivery has stopped until someone acts."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Order]:
    del request
    status = query["status"]
    filters = orders.OrderFilter(
        text=query["q"], status="" if status in {STOPPED, UNDELIVERED} else status, since=query.since,
        until=query.until, undelivered=status == UNDELIVERED,
    )  # fmt: skip
    stopped_ids = verb.stopped_orders().values("pk") if status == STOPPED else None
    return orders.all_orders(filters, among=stopped_ids, after=after, size=size)


def _rows(request: HttpRequest, orders: list[Order]) -> list[ListedOrder]:
    del request
    stopped_ids = operator_queries.stopped_among([order.pk for order in orders])
    return [ListedOrder(order, order.pk in stopped_ids) for order in orders]


def _products(row: ListedOrder) -> str:
    return ", ".join(localised_name(line, "product_name") for line in row.order.lines.all())


def _undelivered(row: ListedOrder) -> str:
    """Return when the delivery was given up; "" for other orders."""
    undelivered_at = row.order.undelivered_at
    return format_html("{} {}", _("Not delivered"), shown_moment(undelivered_at)) if undelivered_at else ""


def _state(row: ListedOrder) -> str:
    return str(look("operation", "stopped").label if row.stopped else look("order", row.order).label)


LISTING: Listing[Order, ListedOrder] = Listing(
    name="console:orders",
    title=gettext_lazy("Orders"),
    layout="console/layout.html",
    source=_source,
    rows=_rows,
    columns=(
        page_link(gettext_lazy("Order"), "order.number", "console:order", "order.number", css="tp-id c-id"),
        moment(gettext_lazy("Placed"), "order.placed_at", under=_undelivered),
        text(gettext_lazy("Product"), _products, css="c-cell"),
        page_link(gettext_lazy("Buyer"), "order.buyer.email", "console:account", "order.buyer_id", labelled=True),
        fragment(gettext_lazy("State"), _state, "console/parts/order_state.html", labelled=False),
        money(gettext_lazy("Amount"), "order.total", why=("console:order_explain", "order.number")),
    ),
    filters=(
        search(gettext_lazy("Order number or the buyer's email")),
        states(
            "order", also=[(STOPPED, gettext_lazy("Delivery stopped")), (UNDELIVERED, gettext_lazy("Not delivered"))]
        ),
        time_range(),
    ),
    empty=Empty(
        icon="receipt",
        title=gettext_lazy("No orders yet"),
        text=gettext_lazy("Orders appear here when a buyer places one."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No orders found"),
        text=gettext_lazy(
            "Enter an order number, its last six characters or a complete email address, or try another state or time."
        ),
        action=gettext_lazy("Show all orders"),
        page="console:orders",
    ),
    file="orders",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, _order_of(number), RefundForm())


@operator_required
@require_safe
def agreements(request: HttpRequest, number: str) -> HttpResponse:
    """Show the agreements that the buyer accepted with the order."""
    order = _order_of(number)
    accepted = accepted_agreements(order)
    if accepted is None:
        raise Http404
    return render(request, "console/order_agreements.html", {"order": order, "accepted": accepted})


@operator_required
@require_POST
def pay_back(request: HttpRequest, number: str) -> HttpResponse:
    """End a stopped order with a full refund."""
    order, form = _order_of(number), RefundForm(request.POST)
    return ask(
        request,
        form,
        lambda: approving.run(request, REFUND_ORDER, PayBackOrder(order=number, reason=form.cleaned_data["reason"])),
        page=lambda: _page(request, _order_of(number), form),
        done=approving.message_after(_refund_message(order)),
        back=approving.redirect_after("console:order", number),
    )


def refund_context(product_kind: str) -> dict[str, bool]:
    """Return the context of the confirmation before a refund."""
    kind = product_types().get(product_kind)
    return {"by_code": kind is not None and kind.issues_codes, "calls_seller": kind is None or kind.needs_interface}


def _refund_message(order: Order) -> str:
    if not order.total_minor:
        return _("The order was ended. It had cost nothing.")
    values = {"amount": shown_money(order.total), "name": str(order.buyer)}
    return _("%(amount)s was returned to the balance of %(name)s.") % values


def _order_of(number: str) -> Order:
    order = orders.find_order(number)
    if order is None:
        raise Http404
    return order


def _page(request: HttpRequest, order: Order, form: RefundForm) -> HttpResponse:
    lines = orders.lines_of(order)
    unsent_by_service = unsent_freezes(line.subscription for line in lines if line.subscription)
    placed = TimelineEvent(order.placed_at, _("Order placed"), icon="shopping-cart")
    context = {
        "form": form,
        **refund_context(lines[0].product.product_type if lines else ""),
        "may_pay_back": verb.may_refund(order),
        "order": order,
        "stopped": order.pk in operator_queries.stopped_among([order.pk]),
        "lines": [(line, unsent_by_service.get(line.subscription_id or 0, "")) for line in lines],
        "movements": payments.movements([order.number, *(line.number for line in lines)]),
        "events": [placed, *events_of_moves(moves_of("order", order.pk), order=order, with_notes=True)],
        "calls": [(call, list(described_attempts(call))) for call in calls_of_order(order.number)],
    }
    return render(request, "console/order.html", context)
