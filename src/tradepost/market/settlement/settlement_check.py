"""Consistency check of statements, for the check of the books (money.md §6)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from tradepost.market.invoices.models import FEE, InvoiceItem
from tradepost.market.payments.models import Account, Entry

from .collect import SETTLED_REASONS
from .fee import fee_of, read_inputs
from .models import OpenSum, Progress, SettlementItem, Statement, StatementLine

IS_SIGNED = ~Q(status__in=(Statement.Status.COUNTERSIGN, Statement.Status.COUNTERSIGN_REJECTED))


def problems() -> list[str]:
    """Return the problems. Reads all items and lines."""
    return [
        *_item_problems(),
        *_open_sum_problems(),
        *_statement_problems(),
        *_fee_problems(),
        *_booking_problems(),
        *_invoice_problems(),
    ]


def _item_problems() -> Iterator[str]:
    """Check that each collected entry equals the sum of its items."""
    through = Progress.objects.values_list("through", flat=True).first() or 0
    entries = Entry.objects.filter(
        pk__lte=through, account__kind=Account.Kind.SELLER, transfer__reason__in=SETTLED_REASONS
    )
    items = dict(SettlementItem.objects.values_list("entry").annotate(total=Sum("minor")).order_by())
    for pk, minor in entries.order_by("pk").values_list("pk", "amount_minor").iterator():
        if items.pop(pk, 0) != minor:
            yield f"entry {pk} of a seller is {minor}, its items are not"
    yield from (f"items of entry {pk} are of no entry that is settled" for pk in sorted(items))


def _open_sum_problems() -> Iterator[str]:
    """Check that the stored sum of a seller equals its open items."""
    open_items = SettlementItem.objects.filter(statement=None).order_by().values_list("seller", "currency")
    earned_sum, refunded_sum = (
        Sum("minor", filter=Q(minor__gt=0), default=0),
        Sum("minor", filter=Q(minor__lt=0), default=0),
    )
    sums = {
        (row[0], row[1]): row[2:]
        for row in open_items.annotate(earned=earned_sum, refunded=refunded_sum, items=Count("pk"))
    }
    stored_rows = OpenSum.objects.values_list("seller", "currency", "earned_minor", "refunded_minor", "items")
    stored_sums = {(row[0], row[1]): row[2:] for row in stored_rows}
    for seller, currency in sorted({*sums, *stored_sums}):
        actual_sums, recorded_sums = sums.get((seller, currency), NO_SUMS), stored_sums.get((seller, currency), NO_SUMS)
        if actual_sums != recorded_sums:
            yield f"open items of seller {seller} in {currency} come to {actual_sums}, the kept sum says {recorded_sums}"


NO_SUMS = (0, 0, 0)
"""Earned, refunded and item count of a seller without items."""


def _statement_problems() -> Iterator[str]:
    """Check that a statement equals the sum of its lines and of its items."""
    by_lines = Statement.objects.annotate(
        base=Coalesce(Sum("lines__base_minor"), 0), fees=Coalesce(Sum("lines__fee_minor"), 0)
    )
    for line in by_lines.exclude(base=F("gross_minor"), fees=F("fee_minor")).order_by("pk"):
        yield f"statement {line.number} says {line.gross_minor} and {line.fee_minor}, its lines {line.base} and {line.fees}"
    by_items = Statement.objects.annotate(earned=Coalesce(Sum("items__minor"), 0)).exclude(earned=F("gross_minor"))
    for by_item in by_items.order_by("pk"):
        yield f"statement {by_item.number} says {by_item.gross_minor}, its items {by_item.earned}"
    foreign_items = SettlementItem.objects.filter(statement__isnull=False).exclude(seller=F("statement__seller"))
    yield from (f"item {item.pk} stands on another seller's statement" for item in foreign_items.order_by("pk"))


def _fee_problems() -> Iterator[str]:
    """Check that each fee follows from its inputs."""
    for line in StatementLine.objects.order_by("pk").iterator():
        inputs = read_inputs(line.inputs)
        if (inputs.base_minor, inputs.rate, fee_of(inputs)) != (line.base_minor, line.rate, line.fee_minor):
            yield f"line {line.pk} of a statement has a fee of {line.fee_minor}, its inputs say {fee_of(inputs)}"


def _booking_problems() -> Iterator[str]:
    """Check that approved statements are booked and paid once, and that payable equals the unpaid ones."""
    inconsistent = Statement.objects.filter(
        IS_SIGNED & Q(settled=None) | ~IS_SIGNED & Q(settled__isnull=False)
        | Q(status=Statement.Status.PAID, paid=None) | ~Q(status=Statement.Status.PAID) & Q(paid__isnull=False)
    )  # fmt: skip
    yield from (
        f"statement {statement.number} is {statement.status}, the books say otherwise"
        for statement in inconsistent.order_by("pk")
    )
    unpaid = Statement.objects.filter(IS_SIGNED, paid=None).order_by()
    due_sums = dict(unpaid.values_list("currency").annotate(total=Sum("net_minor")))
    payable = Entry.objects.filter(account__kind=Account.Kind.PAYABLE).order_by()
    booked_sums = dict(payable.values_list("account__currency").annotate(total=Sum("amount_minor")))
    for currency in sorted({*due_sums, *booked_sums}):
        if due_sums.get(currency, 0) != booked_sums.get(currency, 0):
            yield f"{booked_sums.get(currency, 0)} {currency} are to be paid out, statements say {due_sums.get(currency, 0)}"


def _invoice_problems() -> Iterator[str]:
    """Check that an invoiced fee equals that of a paid statement of the payer."""
    items = InvoiceItem.objects.filter(source__startswith=FEE, live=True).select_related("invoice")
    statements = {
        statement.number: statement
        for statement in Statement.objects.filter(number__in=[item.fee_of for item in items])
    }
    for item in items:
        fee_statement = statements.get(item.fee_of)
        if fee_statement is None or (
            fee_statement.fee_minor,
            fee_statement.seller_id,
            fee_statement.paid_id is None,
        ) != (
            item.minor,
            item.invoice.payer_id,
            False,
        ):
            yield f"{item.source} is invoiced at {item.minor}, its statement says otherwise"
