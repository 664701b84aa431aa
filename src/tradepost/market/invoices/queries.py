"""What is read of invoices: a buyer's own, a seller's, all for operators; what can be invoiced; and which are overdue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.billing import usage_invoicing
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.billing.usage_invoicing import MonthState
from tradepost.market.billing.usage_months import month_of_charge
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.models import Subscription

from .invoiceable import WORDS, Why, judge_lines, judge_month
from .models import Invoice, InvoiceItem, IssuedInvoice
from .usage_items import months_of


class Candidate(Struct, frozen=True):
    """One order line and what of it can be invoiced."""

    line: OrderLine
    amount: Money | None
    why: str = ""
    """Why nothing can, in words."""


class UsageCandidate(Struct, frozen=True):
    """The usage of a service in one month, and what of it can be invoiced."""

    month: UsageMonth
    amount: Money | None
    why: str = ""
    unpaid: Money | None = None
    """Usage of this month that is charged and not paid."""


def _to_invoice(buyer: User) -> QuerySet[OrderLine]:
    """In the words of the index ``line_to_invoice``. What cost nothing, as an unsubscription does, is none of them."""
    return OrderLine.objects.filter(buyer=buyer, status=Order.Status.COMPLETED, invoiced_minor=0, amount_minor__gt=0)


def sellers_to_ask(buyer: User) -> list[Seller]:
    """Those who delivered something to this buyer that stands on no invoice; some of it may be paid back."""
    some = _to_invoice(buyer).filter(seller=OuterRef("pk"))
    used = _usage_to_invoice(buyer).filter(seller=OuterRef("pk"))
    return list(Seller.objects.filter(Exists(some) | Exists(used)).order_by("name", "pk"))


def _usage_to_invoice(buyer: User) -> QuerySet[UsageMonth]:
    """In the words of the index ``usage_month_to_invoice``."""
    return UsageMonth.objects.filter(buyer=buyer, paid_minor__gt=F("invoiced_minor"))


def usage_candidates(
    buyer: User, seller: Seller, *, now: datetime, after: str = "", size: int = 50
) -> Page[UsageCandidate]:
    """Months of usage with payments that are not invoiced, the latest first."""
    own = _usage_to_invoice(buyer).filter(seller=seller).select_related("subscription__product")
    found = page(own, after=after, size=size)
    return Page(_usage_candidates(found.rows, now), found.next_key)


def usage_candidates_of(buyer: User, keys: list[str], *, now: datetime) -> list[UsageCandidate]:
    """Those that were chosen, whatever became of them."""
    return _usage_candidates(months_of(buyer, keys), now)


def _usage_candidates(months: list[UsageMonth], now: datetime) -> list[UsageCandidate]:
    states = usage_invoicing.states_of(months, now=now) if months else {}
    return [_usage_candidate(month, states[month.pk]) for month in months]


def _usage_candidate(month: UsageMonth, state: MonthState) -> UsageCandidate:
    found = judge_month(state)
    unpaid = Money(state.unpaid_minor, month.currency) if state.unpaid_minor else None
    if isinstance(found, Why):
        return UsageCandidate(month, None, str(WORDS[found]), unpaid)
    return UsageCandidate(month, Money(found, month.currency), unpaid=unpaid)


def candidates(buyer: User, seller: Seller, *, after: str = "", size: int = 50) -> Page[Candidate]:
    """The latest first. What was paid back in full is left out."""
    found = page(_to_invoice(buyer).filter(seller=seller).select_related("order"), after=after, size=size)
    judged = judge_lines(found.rows)
    shown = [_candidate(line, judged[line.pk]) for line in found.rows if judged[line.pk] != Why.PAID_BACK]
    return Page(shown, found.next_key)


def candidates_of(buyer: User, numbers: list[str]) -> list[Candidate]:
    """Those that were chosen, whatever became of them."""
    own = OrderLine.objects.filter(buyer=buyer, order__number__in=numbers).select_related("order", "seller")
    lines = list(own.order_by("-pk"))
    judged = judge_lines(lines)
    return [_candidate(line, judged[line.pk]) for line in lines]


def _candidate(line: OrderLine, found: int | Why) -> Candidate:
    if isinstance(found, Why):
        return Candidate(line, None, str(WORDS[found]))
    return Candidate(line, Money(found, line.order.currency))


def _shown(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """With what stands on it, and all that was issued for it."""
    items = InvoiceItem.objects.select_related(
        "line__order", "line__product", "usage__subscription__product", "invoice"
    ).order_by("pk")  # fmt: skip
    issues = IssuedInvoice.objects.order_by("pk")
    return invoices.select_related("buyer", "seller", "payer").prefetch_related(
        Prefetch("items", items), Prefetch("issues", issues)
    )


def current(invoice: Invoice) -> IssuedInvoice | None:
    """The one that holds, of those that were issued for it."""
    return next((one for one in reversed(list(invoice.issues.all())) if one.withdrawn_at is None), None)


def invoices_of_buyer(buyer: User, *, status: str = "", after: str = "", size: int = 20) -> Page[Invoice]:
    """But for those over a fee, which are the seller's for whom they were applied."""
    return _page(Invoice.objects.filter(buyer=buyer, payer=None), status, after, size)


def invoice_of_buyer(buyer: User, pk: int) -> Invoice | None:
    return _shown(Invoice.objects.filter(buyer=buyer, payer=None, pk=pk)).first()


def fee_invoices_of(payer: Seller, *, after: str = "", size: int = 20) -> Page[Invoice]:
    """Those over the market's fee."""
    return _page(Invoice.objects.filter(payer=payer), "", after, size)


def fee_invoice_of(payer: Seller, pk: int) -> Invoice | None:
    return _shown(Invoice.objects.filter(payer=payer, pk=pk)).first()


def invoices_of_seller(seller: Seller, *, status: str = "", after: str = "", size: int = 20) -> Page[Invoice]:
    return _page(Invoice.objects.filter(seller=seller), status, after, size)


def invoice_of_seller(seller: Seller, pk: int) -> Invoice | None:
    return _shown(Invoice.objects.filter(seller=seller, pk=pk)).first()


def waiting_for(seller: Seller, *, most: int = 100) -> list[Invoice]:
    """What this seller should do, the most urgent first."""
    due = Invoice.objects.filter(seller=seller, due_at__isnull=False).select_related("buyer", "seller")
    return list(due.order_by("due_at")[:most])


def of_the_market() -> QuerySet[Invoice]:
    """What operators issue, the most urgent first: of the market's own products, and of its fee."""
    due = Invoice.objects.filter(seller__self_operated=True, due_at__isnull=False, late=False)
    return due.select_related("buyer", "seller", "payer").order_by("due_at", "pk")


def to_do(seller: Seller) -> Count:
    """How many wait for this seller."""
    return count_up_to(Invoice.objects.filter(seller=seller, due_at__isnull=False))


def overdue() -> QuerySet[Invoice]:
    """What sellers let pass, the longest first: for operators."""
    return Invoice.objects.filter(late=True).select_related("buyer", "seller").order_by("due_at", "pk")


def all_invoices(*, status: str = "", after: str = "", size: int = 25) -> Page[Invoice]:
    return _page(Invoice.objects.all(), status, after, size)


def find_invoice(pk: int) -> Invoice | None:
    return _shown(Invoice.objects.filter(pk=pk)).first()


def _page(invoices: QuerySet[Invoice], status: str, after: str, size: int) -> Page[Invoice]:
    if status:
        invoices = invoices.filter(status=status)
    return page(invoices.select_related("seller", "buyer", "payer"), after=after, size=size)


def standing_over(subscription: Subscription) -> list[InvoiceItem]:
    """What of a service stands on invoices that were asked for or issued."""
    items = InvoiceItem.objects.filter(line__subscription=subscription, live=True)
    return list(items.select_related("invoice").order_by("pk"))


class OfOrder(Struct, frozen=True):
    """What an order's page says of invoices: those that its lines stood on, and whether it can be applied for one."""

    items: list[InvoiceItem]
    possible: bool
    why: str = ""
    usage: bool = False
    """It is charged by usage, and invoiced by month."""
    seller: int = 0
    """Of what is charged by usage."""


def of_order(order: Order) -> OfOrder | None:
    """None where there is nothing to say: it cost nothing, or is not paid."""
    if not order.total_minor and (service := _charged_by_usage(order)) is not None:
        return of_service(service)
    if not order.total_minor or order.status not in {Order.Status.COMPLETED, Order.Status.REFUNDED}:
        return None
    lines = list(OrderLine.objects.filter(order=order).select_related("order"))
    items = list(InvoiceItem.objects.filter(line__in=lines).select_related("invoice").order_by("pk"))
    found = [one for one in judge_lines(lines).values() if one != Why.INVOICED]
    whys = [str(WORDS[one]) for one in found if isinstance(one, Why)]
    return OfOrder(items, possible=any(not isinstance(one, Why) for one in found), why=whys[0] if whys else "")


def _charged_by_usage(order: Order) -> Subscription | None:
    line = OrderLine.objects.filter(order=order).select_related("subscription__offer").first()
    service = line.subscription if line is not None else None
    return service if service is not None and service.offer.charging.postpaid else None


def of_service(service: Subscription) -> OfOrder:
    """The same of a service that is charged by usage: its latest invoices, and whether a payment is not invoiced."""
    items = InvoiceItem.objects.filter(usage__subscription=service).select_related("invoice").order_by("-pk")
    paid = UsageMonth.objects.filter(subscription=service, paid_minor__gt=F("invoiced_minor"))
    return OfOrder(_once_each(items[:LATEST]), possible=paid.exists(), usage=True, seller=service.seller_id)


LATEST = 12
"""Items of usage that the pages of an order and a service show."""


def _once_each(items: Iterable[InvoiceItem]) -> list[InvoiceItem]:
    """The first item of each invoice."""
    found: dict[int, InvoiceItem] = {}
    for item in items:
        found.setdefault(item.invoice_id, item)
    return list(found.values())


def item_over(month: UsageMonth) -> InvoiceItem | None:
    """The item with the largest part of this month. Its invoice is returned first, before usage of the month is refunded."""
    return (
        InvoiceItem.objects.filter(usage=month, live=True).select_related("invoice").order_by("-minor", "-pk").first()
    )


def invoice_over(month: UsageMonth) -> Invoice | None:
    """The invoice that must be returned first before usage of this month is refunded."""
    item = item_over(month)
    return item.invoice if item is not None else None


def invoice_before_refund(charge: Charge) -> Invoice | None:
    """The invoice that must be returned before this credit is refunded; None unless it waits."""
    month = month_of_charge(charge) if charge.waiting_minor else None
    return invoice_over(month) if month is not None else None
