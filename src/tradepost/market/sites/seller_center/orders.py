"""The seller's order lines: a list, and one line with its buyer, money, instance, history and calls."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.paging import page
from tradepost.market.fulfilment.unheard import not_asked
from tradepost.market.identity.menus import Menu
from tradepost.market.orders import seller_queries
from tradepost.market.orders.refund_queries import refunds_of_line
from tradepost.market.orders.seller_queries import LineFilter
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import seller_queries as production
from tradepost.market.production.models import WELL, Call
from tradepost.market.subscriptions.lifecycle import license_of
from tradepost.market.web.order_agreements import accepted_agreements
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, products_of, seller_page, show
from .history import line_events
from .messages import last_result


@require_safe
@seller_page(menu=Menu.TRADE)
def orders(request: SellerRequest) -> HttpResponse:
    filters = LineFilter(search=request.GET.get("q", "").strip()[:64], status=request.GET.get("status", ""))
    lines = page(seller_queries.seller_lines(request.seller, filters), after=request.GET.get("after", ""))
    return show(
        request,
        "seller_center/orders.html",
        page=lines,
        filters=filters,
        statuses=vocabulary("order"),
        rows=[(line, seller_queries.buyer_name(line.order.buyer)) for line in lines.rows],
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def order(request: SellerRequest, number: str) -> HttpResponse:
    line = found(seller_queries.find_line(request.seller, number))
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
        not_asked=not_asked([line.subscription]).get(line.subscription.pk, "") if line.subscription else "",
        license_length=len(license_of(line.subscription)) if line.subscription else 0,
        events=line_events(line, seller_queries.moves_of(line)),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def agreement(request: SellerRequest, number: str) -> HttpResponse:
    """The product service agreement that the buyer accepted with the order."""
    line = found(seller_queries.find_line(request.seller, number))
    accepted = found(accepted_agreements(line.order, for_seller=True))
    return show(request, "seller_center/order_agreement.html", line=line, accepted=accepted)


def _probed(request: SellerRequest, calls: Sequence[Call]) -> int | None:
    """The product whose probes tell more about a call that went wrong; None where none did, or the reader may not look."""
    failed = next((call for call in calls if call.last_verdict not in WELL), None)
    if failed is None or failed.product_id is None or not request.rights.sees(Menu.TOOLS):
        return None
    return failed.product_id if products_of(request).filter(pk=failed.product_id).exists() else None
