"""What was charged for a seller's services on demand, each amount explained down to the records and their pushes."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.queries import charge_of_seller, charges_of_seller, explain, records_of
from tradepost.market.billing.usage_months import month_asked
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.queries import invoice_before_refund
from tradepost.market.metering.seller_queries import units

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def charges(request: SellerRequest) -> HttpResponse:
    """All of them, or those of one service."""
    service = whole_number(request.GET.get("service", ""))
    month = month_asked(request.GET.get("month", "")) if service is not None else None
    listed = charges_of_seller(request.seller, subscription=service, month=month, after=request.GET.get("after", ""))
    return show(request, "seller_center/usage_charges.html", page=listed, service=service, month=month)


@require_safe
@seller_page(menu=Menu.TRADE)
def charge(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(charge_of_seller(request.seller, pk))
    listed = records_of(one, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/usage_charge.html", charge=one, explained=explain(one), page=listed,
        rows=[(record, units(record.sign * record.quantity)) for record in listed.rows],
        invoice=invoice_before_refund(one),
    )  # fmt: skip
