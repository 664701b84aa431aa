"""Read invoices for buyers, sellers and operators, invoiceable items, and overdue invoices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Prefetch, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.distinct import distinct_keys
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.billing import usage_invoicing
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.billing.usage_invoicing import MonthState
from tradepost.market.billing.usage_months import month_of_charge
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.models import Subscription

from .invoiceable import REASON_TEXTS, NotInvoiceable, line_amounts, month_amount
from .models import Invoice, InvoiceItem, IssuedInvoice
from .usage_items import months_of


class Candidate(Struct, frozen=True):
    """An order line and its invoiceable amount."""

    line: OrderLine
    amount: Money | None
    why: str = ""
    """Reason if nothing is invoiceable."""


class UsageCandidate(Struct, frozen=True):
    """Usage of a service in one month, and its invoiceable amount."""

    month: UsageMonth
    amount: Money | None
    why: str = ""
    unpaid: Money | None = None
    """Charged but unpaid usage of the month."""


def _to_invoice(buyer: User) -> QuerySet[OrderLine]:
    """Select lines in the form of the index ``line_to_invoice``. Free lines, such as unsubscriptions, are left out."""
    return OrderLine.objects.filter(buyer=buyer, status=Order.Status.COMPLETED, invoiced_minor=0, amount_minor__gt=0)


def sellers_to_ask(buyer: User) -> list[Seller]:
    """Return the sellers with deliveries to this buyer that are not invoiced; some may be refunded."""
    sellers = {*distinct_keys(_to_invoice(buyer), "seller"), *distinct_keys(_usage_to_invoice(buyer), "seller")}
    return list(Seller.objects.filter(pk__in=sellers).order_by("name", "pk"))


def _usage_to_invoice(buyer: User) -> QuerySet[UsageMonth]:
    """Select months in the form of the index ``usage_month_to_invoice``."""
    return UsageMonth.objects.filter(buyer=buyer, paid_minor__gt=F("invoiced_minor"))


def usage_candidates(
    buyer: User, seller: Seller, *, now: datetime, after: str = "", size: int = 50
) -> Page[UsageCandidate]:
    """Return months with uninvoiced payments, latest first."""
    months = _usage_to_invoice(buyer).filter(seller=seller).select_related("subscription__product")
    month_page = page(months, after=after, size=size, along=("buyer", "seller"))
    return Page(_usage_candidates(month_page.rows, now), month_page.next_key)


def usage_candidates_of(buyer: User, keys: list[str], *, now: datetime) -> list[UsageCandidate]:
    """Return the chosen months in any state."""
    return _usage_candidates(months_of(buyer, keys), now)


def _usage_candidates(months: list[UsageMonth], now: datetime) -> list[UsageCandidate]:
    states = usage_invoicing.states_of(months, now=now) if months else {}
    return [_usage_candidate(month, states[month.pk]) for month in months]


def _usage_candidate(month: UsageMonth, state: MonthState) -> UsageCandidate:
    result = month_amount(state)
    unpaid = Money(state.unpaid_minor, month.currency) if state.unpaid_minor else None
    if isinstance(result, NotInvoiceable):
        return UsageCandidate(month, None, str(REASON_TEXTS[result]), unpaid)
    return UsageCandidate(month, Money(result, month.currency), unpaid=unpaid)


def candidates(buyer: User, seller: Seller, *, after: str = "", size: int = 50) -> Page[Candidate]:
    """Return candidates, latest first, without fully refunded ones."""
    lines = _to_invoice(buyer).filter(seller=seller).select_related("order")
    line_page = page(lines, after=after, size=size, along=("buyer", "seller"))
    amounts = line_amounts(line_page.rows)
    listed_candidates = [
        _candidate(line, amounts[line.pk]) for line in line_page.rows if amounts[line.pk] != NotInvoiceable.PAID_BACK
    ]
    return Page(listed_candidates, line_page.next_key)


def candidates_of(buyer: User, numbers: list[str]) -> list[Candidate]:
    """Return the chosen order lines in any state."""
    order_lines = OrderLine.objects.filter(buyer=buyer, order__number__in=numbers).select_related("order", "seller")
    lines = list(order_lines.order_by("-pk"))
    amounts = line_amounts(lines)
    return [_candidate(line, amounts[line.pk]) for line in lines]


def _candidate(line: OrderLine, result: int | NotInvoiceable) -> Candidate:
    if isinstance(result, NotInvoiceable):
        return Candidate(line, None, str(REASON_TEXTS[result]))
    return Candidate(line, Money(result, line.order.currency))


def _with_details(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Fetch the items and all issued invoices."""
    items = InvoiceItem.objects.select_related(
        "line__order", "line__product", "usage__subscription__product", "invoice"
    ).order_by("pk")  # fmt: skip
    issues = IssuedInvoice.objects.order_by("pk")
    return invoices.select_related("buyer", "seller", "payer").prefetch_related(
        Prefetch("items", items), Prefetch("issues", issues)
    )


def current_issued_invoice(invoice: Invoice) -> IssuedInvoice | None:
    """Return the valid issued invoice."""
    return next((issue for issue in reversed(list(invoice.issues.all())) if issue.withdrawn_at is None), None)


def invoices_of_buyer(
    buyer: User, *, status: str = "", within: Within = any_time, after: str = "", size: int = 20
) -> Page[Invoice]:
    """Return the buyer's invoices. Fee invoices belong to the seller they were applied for."""
    return _page(within(Invoice.objects.filter(buyer=buyer, payer=None), "applied_at"), status, after, size)


def invoice_of_buyer(buyer: User, pk: int) -> Invoice | None:
    return _with_details(Invoice.objects.filter(buyer=buyer, payer=None, pk=pk)).first()


def fee_invoices_of(payer: Seller, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[Invoice]:
    """Return the fee invoices of a seller."""
    return _page(within(Invoice.objects.filter(payer=payer), "applied_at"), "", after, size)


def fee_invoice_of(payer: Seller, pk: int) -> Invoice | None:
    return _with_details(Invoice.objects.filter(payer=payer, pk=pk)).first()


def invoices_of_seller(
    seller: Seller, *, status: str = "", within: Within = any_time, after: str = "", size: int = 20
) -> Page[Invoice]:
    return _page(within(Invoice.objects.filter(seller=seller), "applied_at"), status, after, size)


def invoice_of_seller(seller: Seller, pk: int) -> Invoice | None:
    return _with_details(Invoice.objects.filter(seller=seller, pk=pk)).first()


def waiting_for(seller: Seller, *, most: int = 100) -> list[Invoice]:
    """Return the invoices that wait for this seller, most urgent first."""
    pending_invoices = Invoice.objects.filter(seller=seller, due_at__isnull=False).select_related("buyer", "seller")
    return list(pending_invoices.order_by("due_at")[:most])


def market_invoices() -> QuerySet[Invoice]:
    """Select the market's own invoices to issue, most urgent first: for its own products and its fee."""
    pending_invoices = Invoice.objects.filter(seller__self_operated=True, due_at__isnull=False, late=False)
    return pending_invoices.select_related("buyer", "seller", "payer").order_by("due_at", "pk")


def count_waiting(seller: Seller) -> Count:
    """Count the invoices that wait for this seller."""
    return count_up_to(Invoice.objects.filter(seller=seller, due_at__isnull=False))


def overdue_invoices() -> QuerySet[Invoice]:
    """Select overdue invoices for operators, longest overdue first."""
    return Invoice.objects.filter(late=True).select_related("buyer", "seller").order_by("due_at", "pk")


def all_invoices(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Invoice]:
    """Return invoices, newest first; ``since`` and ``until`` bound the time of the application."""
    return _page(between(Invoice.objects.all(), "applied_at", since, until), status, after, size)


def find_invoice(pk: int) -> Invoice | None:
    return _with_details(Invoice.objects.filter(pk=pk)).first()


def _page(invoices: QuerySet[Invoice], status: str, after: str, size: int) -> Page[Invoice]:
    if status:
        invoices = invoices.filter(status=status)
    return page(invoices.select_related("seller", "buyer", "payer"), after=after, size=size)


def live_items(subscription: Subscription) -> list[InvoiceItem]:
    """Return the items of a service on requested or issued invoices."""
    items = InvoiceItem.objects.filter(line__subscription=subscription, live=True)
    return list(items.select_related("invoice").order_by("pk"))


class OrderInvoices(Struct, frozen=True):
    """Invoices of an order: items of its lines, and whether an application is possible."""

    items: list[InvoiceItem]
    possible: bool
    why: str = ""
    usage: bool = False
    """Charged by usage and invoiced by month."""
    seller: int = 0
    """Seller of a service charged by usage."""


def invoices_of_order(order: Order) -> OrderInvoices | None:
    """Return the invoices of an order; None if it was free or is not paid."""
    if not order.total_minor and (service := _charged_by_usage(order)) is not None:
        return invoices_of_service(service)
    if not order.total_minor or order.status not in {Order.Status.COMPLETED, Order.Status.REFUNDED}:
        return None
    lines = list(OrderLine.objects.filter(order=order).select_related("order"))
    items = list(InvoiceItem.objects.filter(line__in=lines).select_related("invoice").order_by("pk"))
    results = [result for result in line_amounts(lines).values() if result != NotInvoiceable.INVOICED]
    reasons = [str(REASON_TEXTS[outcome]) for outcome in results if isinstance(outcome, NotInvoiceable)]
    return OrderInvoices(
        items,
        possible=any(not isinstance(outcome, NotInvoiceable) for outcome in results),
        why=reasons[0] if reasons else "",
    )


def _charged_by_usage(order: Order) -> Subscription | None:
    line = OrderLine.objects.filter(order=order).select_related("subscription__offer").first()
    service = line.subscription if line is not None else None
    return service if service is not None and service.offer.charging.postpaid else None


def invoices_of_service(service: Subscription) -> OrderInvoices:
    """Return the latest invoices of a service charged by usage, and whether a payment is not invoiced."""
    items = InvoiceItem.objects.filter(usage__subscription=service).select_related("invoice").order_by("-pk")
    paid_months = UsageMonth.objects.filter(subscription=service, paid_minor__gt=F("invoiced_minor"))
    return OrderInvoices(
        _first_of_each(items[:LATEST]), possible=paid_months.exists(), usage=True, seller=service.seller_id
    )


LATEST = 12
"""Items of usage on the pages of an order and a service."""


def _first_of_each(items: Iterable[InvoiceItem]) -> list[InvoiceItem]:
    """Return the first item of each invoice."""
    by_invoice: dict[int, InvoiceItem] = {}
    for item in items:
        by_invoice.setdefault(item.invoice_id, item)
    return list(by_invoice.values())


def item_over(month: UsageMonth) -> InvoiceItem | None:
    """Return the item with the largest part of this month. Its invoice must be returned before the usage is refunded."""
    return (
        InvoiceItem.objects.filter(usage=month, live=True).select_related("invoice").order_by("-minor", "-pk").first()
    )


def invoice_over(month: UsageMonth) -> Invoice | None:
    """Return the invoice that must be returned before usage of this month is refunded."""
    item = item_over(month)
    return item.invoice if item is not None else None


def invoice_before_refund(charge: Charge) -> Invoice | None:
    """Return the invoice that must be returned before this credit is refunded; None unless it waits."""
    month = month_of_charge(charge) if charge.waiting_minor else None
    return invoice_over(month) if month is not None else None
