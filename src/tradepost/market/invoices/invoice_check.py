"""Consistency check of invoices, for the check of the books (money.md §6)."""

from __future__ import annotations

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from tradepost.market.billing.models import UsageMonth
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments.models import Account, Entry, Transfer

from .models import LIVE, Invoice, InvoiceItem


def problems() -> list[str]:
    """Check that invoiced amounts do not exceed payments less refunds, items add up to their live invoice, and lines
    store their invoiced amount. Reads all live invoices."""
    live = InvoiceItem.objects.filter(live=True)  # ``settlement_check`` checks fees
    paid_sum = (
        Entry.objects.filter(transfer__order_number=OuterRef("line__order__number"), account__kind=Account.Kind.BUYER)
        .values("transfer__order_number")
        .annotate(net=-Sum("amount_minor"))
        .values("net")
    )
    overinvoiced = live.annotate(net=Coalesce(Subquery(paid_sum), 0)).filter(minor__gt=F("net"), line__isnull=False)
    invoices = Invoice.objects.annotate(sum=Coalesce(Sum("items__minor"), 0)).exclude(sum=F("amount_minor"))
    states = InvoiceItem.objects.filter(
        Q(live=True) & ~Q(invoice__status__in=LIVE) | Q(live=False, invoice__status__in=LIVE)
    )
    on_lines = OrderLine.objects.filter(Q(invoiced_minor__gt=0) | Q(invoice_items__live=True)).annotate(
        stands=Coalesce(Sum("invoice_items__minor", filter=Q(invoice_items__live=True)), 0)
    )
    return [
        *_usage(),
        *(
            f"{item.source} is invoiced at {item.minor}, of {item.net} that was paid"
            for item in overinvoiced.order_by("pk")
        ),
        *(
            f"invoice {invoice.pk} says {invoice.amount_minor}, its items {invoice.sum}"
            for invoice in invoices.order_by("pk")
        ),
        *(f"item {item.pk} is not as its invoice {item.invoice_id} is" for item in states.order_by("pk")),
        *(
            f"order line {line.number} says {line.invoiced_minor} is invoiced, its items {line.stands}"
            for line in on_lines.exclude(stands=F("invoiced_minor")).order_by("pk")
        ),
    ]


def _usage() -> list[str]:
    """Compare months of usage with their items, and a buyer's invoiced usage with the ledger."""
    months = UsageMonth.objects.annotate(
        items=Coalesce(Sum("invoice_items__minor", filter=Q(invoice_items__live=True)), 0)
    ).exclude(items=F("invoiced_minor"))  # fmt: skip
    moved_entries = Entry.objects.filter(
        account__kind=Account.Kind.BUYER, transfer__reason__in=(Transfer.Reason.COLLECTED, Transfer.Reason.CREDITED)
    )
    keys = ("account__user", "account__currency")
    paid_sums = {
        tuple(key): -total
        for *key, total in moved_entries.order_by().values_list(*keys).annotate(total=Sum("amount_minor"))
    }
    on_invoices = UsageMonth.objects.order_by().values_list("buyer", "currency").annotate(total=Sum("invoiced_minor"))
    return [
        *(f"usage {month.key} says {month.invoiced_minor} is invoiced, its items {month.items}" for month in months.order_by("pk")),
        *(
            f"buyer {buyer} has {total} {currency} of usage on invoices and paid {paid_sums.get((buyer, currency), 0)}"
            for buyer, currency, total in on_invoices
            if total > paid_sums.get((buyer, currency), 0)
        ),
    ]  # fmt: skip
