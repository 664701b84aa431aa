"""What must hold of all statements, and which do not keep to it: for the check of the books (money.md §6)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from tradepost.market.invoices.models import FEE, InvoiceItem
from tradepost.market.payments.models import Account, Entry

from .fee import fee_of, read_inputs
from .models import Progress, SettlementItem, Statement, StatementLine
from .take_up import OF_ORDERS, OF_USAGE

SIGNED = ~Q(status__in=(Statement.Status.COUNTERSIGN, Statement.Status.COUNTERSIGN_REJECTED))


def problems() -> list[str]:
    """Reads all items and lines."""
    return [
        *_items_otherwise(),
        *_statements_otherwise(),
        *_fees_otherwise(),
        *_booked_otherwise(),
        *_invoiced_otherwise(),
    ]


def _items_otherwise() -> Iterator[str]:
    """Each entry that was taken up is the sum of its items."""
    through = Progress.objects.values_list("through", flat=True).first() or 0
    of = Entry.objects.filter(
        pk__lte=through, account__kind=Account.Kind.SELLER, transfer__reason__in=(*OF_ORDERS, *OF_USAGE)
    )
    items = dict(SettlementItem.objects.values_list("entry").annotate(total=Sum("minor")).order_by())
    for pk, minor in of.order_by("pk").values_list("pk", "amount_minor").iterator():
        if items.pop(pk, 0) != minor:
            yield f"entry {pk} of a seller is {minor}, its items are not"
    yield from (f"items of entry {pk} are of no entry that is settled" for pk in sorted(items))


def _statements_otherwise() -> Iterator[str]:
    """A statement is the sum of its lines, and of its items."""
    by_lines = Statement.objects.annotate(
        base=Coalesce(Sum("lines__base_minor"), 0), fees=Coalesce(Sum("lines__fee_minor"), 0)
    )
    for one in by_lines.exclude(base=F("gross_minor"), fees=F("fee_minor")).order_by("pk"):
        yield f"statement {one.number} says {one.gross_minor} and {one.fee_minor}, its lines {one.base} and {one.fees}"
    by_items = Statement.objects.annotate(earned=Coalesce(Sum("items__minor"), 0)).exclude(earned=F("gross_minor"))
    for by_item in by_items.order_by("pk"):
        yield f"statement {by_item.number} says {by_item.gross_minor}, its items {by_item.earned}"
    others = SettlementItem.objects.filter(statement__isnull=False).exclude(seller=F("statement__seller"))
    yield from (f"item {item.pk} stands on another seller's statement" for item in others.order_by("pk"))


def _fees_otherwise() -> Iterator[str]:
    """Each fee is what its inputs come to."""
    for line in StatementLine.objects.order_by("pk").iterator():
        inputs = read_inputs(line.inputs)
        if (inputs.base_minor, inputs.rate, fee_of(inputs)) != (line.base_minor, line.rate, line.fee_minor):
            yield f"line {line.pk} of a statement has a fee of {line.fee_minor}, its inputs say {fee_of(inputs)}"


def _booked_otherwise() -> Iterator[str]:
    """Agreed to, it is booked, and paid once; what is to be paid out is what is not paid of those."""
    wrong = Statement.objects.filter(
        SIGNED & Q(settled=None) | ~SIGNED & Q(settled__isnull=False)
        | Q(status=Statement.Status.PAID, paid=None) | ~Q(status=Statement.Status.PAID) & Q(paid__isnull=False)
    )  # fmt: skip
    yield from (f"statement {one.number} is {one.status}, the books say otherwise" for one in wrong.order_by("pk"))
    unpaid = Statement.objects.filter(SIGNED, paid=None).order_by()
    due = dict(unpaid.values_list("currency").annotate(total=Sum("net_minor")))
    payable = Entry.objects.filter(account__kind=Account.Kind.PAYABLE).order_by()
    held = dict(payable.values_list("account__currency").annotate(total=Sum("amount_minor")))
    for currency in sorted({*due, *held}):
        if due.get(currency, 0) != held.get(currency, 0):
            yield f"{held.get(currency, 0)} {currency} are to be paid out, statements say {due.get(currency, 0)}"


def _invoiced_otherwise() -> Iterator[str]:
    """Over a fee stands on an invoice what it is, of a statement of who pays, that was paid."""
    items = InvoiceItem.objects.filter(source__startswith=FEE, live=True).select_related("invoice")
    of = {one.number: one for one in Statement.objects.filter(number__in=[item.fee_of for item in items])}
    for item in items:
        one = of.get(item.fee_of)
        if one is None or (one.fee_minor, one.seller_id, one.paid_id is None) != (
            item.minor,
            item.invoice.payer_id,
            False,
        ):
            yield f"{item.source} is invoiced at {item.minor}, its statement says otherwise"
