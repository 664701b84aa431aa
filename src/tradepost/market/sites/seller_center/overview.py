"""The first page: what needs attention, then how orders go."""

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
from tradepost.market.orders.refund_queries import to_answer
from tradepost.market.orders.seller_queries import LineFilter
from tradepost.market.probes import seller_queries as probes
from tradepost.market.production import seller_queries as production
from tradepost.market.service_desk import complaint_queries as complaints
from tradepost.market.service_desk import demand_queries as demands
from tradepost.market.settlement.seller_queries import waiting_for
from tradepost.market.supervision.queries import waiting_for_seller
from tradepost.market.web.access import choose_seller
from tradepost.market.web.operations import title_of, why
from tradepost.market.web.probes import said_of_health

from .charts import bars
from .frame import SellerRequest, found, products_of, seller_page, show
from .messages import last_result

DAYS = 14
LATEST = 6
WAITS = (
    "stopped_count",
    "refunds_asked",
    "invoices_asked",
    "statements_waiting",
    "deliveries_waiting",
    "demands_asked",
    "complaints_asked",
)
"""What of its trade a seller is to do something about."""


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def overview(request: SellerRequest) -> HttpResponse:
    """Each part for those who have its menu; who has none of them reads so."""
    tools = _tools(request) if request.rights.sees(Menu.TOOLS) else {}
    trade = _trade(request) if request.rights.sees(Menu.TRADE) else {}
    unwell = tools and (not tools["attention"].nothing or tools["probes_failing"])
    waits = any(trade.get(name) for name in WAITS)
    fine = request.seller.is_selling and not unwell and not waits
    return show(request, "seller_center/overview.html", needs_nothing=fine, **tools, **trade)


def _tools(request: SellerRequest) -> dict[str, Any]:
    attention = production.attention(request.seller, products=products_of(request))
    unwell = probes.failing_products(request.seller, products_of(request))
    days = config().probe_freeze_days
    return {
        "attention": attention,
        "failing": [(call, last_result(call)) for call in attention.failing],
        "probes_failing": [
            (one, said.words) for one in unwell if (said := said_of_health(one, one.product, freeze_days=days))
        ],
    }


def _trade(request: SellerRequest) -> dict[str, Any]:
    stopped = stopped_operations(request.seller)
    currency = config().currency
    days = seller_queries.orders_by_day(request.seller, now=request.now, days=DAYS, currency=currency)
    latest = seller_queries.seller_lines(request.seller, LineFilter()).order_by("-pk")[:LATEST]
    return {
        "stopped": [(one, title_of(one), why(one)) for one in stopped.oldest],
        "stopped_count": stopped.count,
        "refunds_asked": to_answer(request.seller),
        "deliveries_waiting": waiting_for_seller(request.seller),
        "invoices_asked": invoices.to_do(request.seller),
        "statements_waiting": waiting_for(request.seller),
        "demands_asked": demands.to_answer(request.seller),
        "complaints_asked": complaints.to_reply(request.seller),
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
    """Act for another seller. Everybody may do this: nothing of a seller changes."""
    given = request.POST.get("seller", "")
    choose_seller(request, found(next((one.pk for one in request.sellers if str(one.pk) == given), None)))
    return redirect("seller_center:overview")
