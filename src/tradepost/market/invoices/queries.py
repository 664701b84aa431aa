"""What is read of invoices: a buyer's own, a seller's, all for operators; what can be invoiced; and which are overdue."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.models import Subscription

from .invoiceable import WORDS, Why, judge_lines
from .models import Invoice, InvoiceItem, IssuedInvoice


class Candidate(Struct, frozen=True):
    """One order line and what of it can be invoiced."""

    line: OrderLine
    amount: Money | None
    why: str = ""
    """Why nothing can, in words."""


def _to_invoice(buyer: User) -> QuerySet[OrderLine]:
    """In the words of the index ``line_to_invoice``. What cost nothing, as an unsubscription does, is none of them."""
    return OrderLine.objects.filter(buyer=buyer, status=Order.Status.COMPLETED, invoiced_minor=0, amount_minor__gt=0)


def sellers_to_ask(buyer: User) -> list[Seller]:
    """Those who delivered something to this buyer that stands on no invoice; some of it may be paid back."""
    some = _to_invoice(buyer).filter(seller=OuterRef("pk"))
    return list(Seller.objects.filter(Exists(some)).order_by("name", "pk"))


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
    items = InvoiceItem.objects.select_related("line__order", "line__product", "invoice").order_by("pk")
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


def of_order(order: Order) -> OfOrder | None:
    """None where there is nothing to say: it cost nothing, or is not paid."""
    if not order.total_minor or order.status not in {Order.Status.COMPLETED, Order.Status.REFUNDED}:
        return None
    lines = list(OrderLine.objects.filter(order=order).select_related("order"))
    items = list(InvoiceItem.objects.filter(line__in=lines).select_related("invoice").order_by("pk"))
    found = [one for one in judge_lines(lines).values() if one != Why.INVOICED]
    whys = [str(WORDS[one]) for one in found if isinstance(one, Why)]
    return OfOrder(items, possible=any(not isinstance(one, Why) for one in found), why=whys[0] if whys else "")
