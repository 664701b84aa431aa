"""The start page: tasks of the seller, then orders and income."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.fulfilment.seller_queries import stopped_operations
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices import queries as invoices
from tradepost.market.orders import seller_queries
from tradepost.market.orders.refund_queries import count_unanswered
from tradepost.market.orders.sales import seller_has_sold
from tradepost.market.orders.seller_queries import LineFilter
from tradepost.market.probes import seller_queries as probes
from tradepost.market.production import seller_queries as production
from tradepost.market.service_desk import complaint_queries as complaints
from tradepost.market.service_desk import demand_queries as demands
from tradepost.market.settlement.seller_queries import count_waiting
from tradepost.market.supervision.queries import waiting_for_seller
from tradepost.market.web.access import choose_seller
from tradepost.market.web.operations import failure_reason, title_of
from tradepost.market.web.probes import health_note

from .charts import bars
from .first_order import checklist, checklist_context
from .frame import SellerRequest, or_404, products_of, seller_page, show
from .messages import last_result

DAYS = 14
MAX_LATEST = 6
TASK_COUNTS = (
    "stopped_count",
    "refunds_asked",
    "invoices_asked",
    "statements_waiting",
    "deliveries_waiting",
    "demands_asked",
    "complaints_asked",
)
"""Trade figures that require an act of the seller."""


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def overview(request: SellerRequest) -> HttpResponse:
    """Show each part to members with its menu. Until the first order, show the checklist."""
    tools = _tools_context(request) if request.rights.sees(Menu.TOOLS) else {}
    trade = _trade_context(request) if request.rights.sees(Menu.TRADE) else {}
    needs_attention = tools and (not tools["attention"].nothing or tools["probes_failing"])
    waits = any(trade.get(name) for name in TASK_COUNTS)
    has_sold = any(line.order.paid_at for line in trade.get("latest", ())) or seller_has_sold(request.seller)
    needs_nothing = request.seller.is_selling and not needs_attention and not waits
    steps = checklist(request) if not has_sold or request.GET.get("checklist") == "1" else []
    return show(
        request, "seller_center/overview.html", needs_nothing=needs_nothing, has_sold=has_sold,
        **checklist_context(steps), **tools, **trade,
    )  # fmt: skip


def _tools_context(request: SellerRequest) -> dict[str, Any]:
    attention = production.open_problems(request.seller, products=products_of(request))
    failing_products = probes.failing_products(request.seller, products_of(request))
    days = config().probes.probe_freeze_days
    return {
        "attention": attention,
        "failing": [(call, last_result(call)) for call in attention.failing],
        "probes_failing": [
            (health, note.words)
            for health in failing_products
            if (note := health_note(health, health.product, freeze_days=days))
        ],
    }


def _trade_context(request: SellerRequest) -> dict[str, Any]:
    stopped = stopped_operations(request.seller)
    currency = config().currency
    days = seller_queries.orders_by_day(request.seller, now=request.now, days=DAYS, currency=currency)
    latest = seller_queries.seller_lines(request.seller, LineFilter(), size=MAX_LATEST).rows
    return {
        "stopped": [(operation, title_of(operation), failure_reason(operation)) for operation in stopped.oldest],
        "stopped_count": stopped.count,
        "refunds_asked": count_unanswered(request.seller),
        "deliveries_waiting": waiting_for_seller(request.seller),
        "invoices_asked": invoices.count_waiting(request.seller),
        "statements_waiting": count_waiting(request.seller),
        "demands_asked": demands.count_to_answer(request.seller),
        "complaints_asked": complaints.count_to_reply(request.seller),
        "open_count": seller_queries.open_order_count(request.seller),
        "days": days,
        "day_count": DAYS,
        "chart": bars([(day.day, day.lines) for day in days]),
        "line_count": sum(day.lines for day in days),
        "amount": seller_queries.total(days, currency),
        "latest": latest,
    }


@require_POST
@seller_page(menu=Menu.OVERVIEW, write=False)
def switch(request: SellerRequest) -> HttpResponse:
    """Switch to another seller of the user. Any member may, since nothing of a seller changes."""
    seller_pk = request.POST.get("seller", "")
    choose_seller(request, or_404(next((seller.pk for seller in request.sellers if str(seller.pk) == seller_pk), None)))
    return redirect("seller_center:overview")
