"""Charges for a seller's on-demand services, each with the records and pushes behind it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.billing.queries import charge_of_seller, charges_of_seller, explain, records_of
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.queries import invoice_before_refund
from tradepost.market.metering.seller_queries import units
from tradepost.market.web.charges import charges_filter

from .frame import SellerRequest, or_404, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def charges(request: SellerRequest) -> HttpResponse:
    """List the charges, of all services or of one."""
    filters = charges_filter(request)
    listed = charges_of_seller(request.seller, filters, after=request.GET.get("after", ""))
    return show(request, "seller_center/usage_charges.html", page=listed, asked=filters)


@require_safe
@seller_page(menu=Menu.TRADE)
def charge(request: SellerRequest, pk: int) -> HttpResponse:
    charge = or_404(charge_of_seller(request.seller, pk))
    listed = records_of(charge, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/usage_charge.html", charge=charge, explained=explain(charge), page=listed,
        rows=[(record, units(record.sign * record.quantity)) for record in listed.rows],
        invoice=invoice_before_refund(charge),
    )  # fmt: skip
