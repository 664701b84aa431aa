"""Collect ledger entries as settlement items: one for each part of an entry of a seller's account, and payments per
product and month.

Entries are read once, in order, up to the mark of the stored sums; no transaction can still insert below it
(``payments.kept_sums``). So no entry is collected twice or missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo

from django.db import models, transaction
from django.db.models import Max
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.billing.models import Allocation
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import kept_sums
from tradepost.market.payments.models import Account, Entry, KindTotal, Transfer

from . import open_sums
from .calendar import month_of
from .models import REPAYMENT_PREFIX, Progress, SettlementItem

BATCH = 2000
"""Entries per transaction."""
Reason = Transfer.Reason
ORDER_REASONS = (Reason.EARNED, Reason.TAKEN_BACK)
USAGE_REASONS = (Reason.COLLECTED, Reason.CREDITED)
REPAYMENT_REASONS = (Reason.TOP_UP, Reason.ASSIGNED, Reason.CORRECTED)
"""On a seller's account: payments of the seller and their corrections (business-rules §8.2)."""

SETTLED_REASONS = (*ORDER_REASONS, *USAGE_REASONS, *REPAYMENT_REASONS)
"""Reasons of entries that become items."""


class ProductPayment(Struct, frozen=True):
    """Payment of a buyer for a product."""

    product: int
    currency: str
    month: date
    minor: int


def collect_items(zone: tzinfo, *, before: datetime) -> bool:
    """Collect one batch, and return whether entries booked ``before`` remain. The bound lets callers finish while new
    entries arrive.

    The sums are advanced in a separate step; otherwise the timer's transaction would hold their lock on the entries.
    """
    progress = Progress.objects.first() or _progress()
    if progress.through < (mark := _last_summed_entry()):
        return _batch(progress, zone) < mark or _has_entries(mark, before)
    remaining = _has_entries(progress.through, before)
    if remaining:
        kept_sums.advance_sums()
    return remaining


def _batch(progress: Progress, zone: tzinfo) -> int:
    """Collect entries and return the last one that has items."""
    with transaction.atomic():
        locked_progress = Progress.objects.select_for_update().get(pk=progress.pk)
        summed_through = _last_summed_entry()
        through = min(locked_progress.through + BATCH, summed_through)
        if through <= locked_progress.through:
            return locked_progress.through
        entries = _entries(locked_progress.through, through)
        lines = _lines_of(entries)
        allocations = _allocations_of(entries)
        payments = _payments_of(entries, lines, allocations, zone)
        open_sums.add(rows.create(_items(entries, lines, allocations, zone)))
        _add_payments(payments)
        Progress.objects.filter(pk=locked_progress.pk).update(through=through)
    return through


def _has_entries(after: int, before: datetime) -> bool:
    """Return whether entries after this one were booked ``before``."""
    entries = Entry.objects.filter(pk__gt=after, transfer__at__lt=before).order_by("pk")
    return entries.values_list("pk", flat=True).first() is not None


def _progress() -> Progress:
    return Progress.objects.get_or_create(pk=1)[0]


def _last_summed_entry() -> int:
    """Return the last entry in the stored sums."""
    return KindTotal.objects.aggregate(through=Max("summed_through"))["through"] or 0


def _entries(after: int, through: int) -> list[Entry]:
    """Return entries of sellers' accounts from orders, usage and payments, and buyers' payments into clearing.
    Transfers are read by key; a join would read all of them."""
    entries = _ENTRIES_BETWEEN(after, through)
    transfers = {transfer.pk: transfer for transfer in _TRANSFERS_BY_KEY({entry.transfer_id for entry in entries})}
    for entry in entries:
        entry.transfer = transfers[entry.transfer_id]
    return [
        entry
        for entry in entries
        if (entry.account.kind == Account.Kind.SELLER and entry.transfer.reason in SETTLED_REASONS)
        or (entry.account.kind == Account.Kind.CLEARING and entry.transfer.reason == Reason.PAYMENT)
    ]


_ENTRIES_BETWEEN = PreparedObjects(
    (models.BigIntegerField(), models.BigIntegerField()),
    lambda after, through: (
        Entry.objects.filter(pk__gt=after, pk__lte=through).select_related("account__seller").order_by("pk")
    ),
)
_TRANSFERS_BY_KEY = PreparedObjects((Keys(),), lambda keys: Transfer.objects.filter(Among("pk", keys)))


def _lines_of(entries: Sequence[Entry]) -> dict[str, OrderLine]:
    """Return the lines by order number; an order has one line."""
    numbers = {entry.transfer.order_number for entry in entries if entry.transfer.order_number}
    return {line.order.number: line for line in _LINES_OF_ORDERS(numbers)}


_LINES_OF_ORDERS = PreparedObjects(
    (Keys("text"),),
    lambda numbers: OrderLine.objects.filter(Among("order__number", numbers)).select_related("order").order_by("-pk"),
)


def _allocations_of(entries: Sequence[Entry]) -> dict[int, list[Allocation]]:
    """Return allocations by transfer key."""
    of_usage = {entry.transfer_id for entry in entries if entry.transfer.reason in USAGE_REASONS}
    allocations = Allocation.objects.filter(transfer__in=of_usage).select_related(
        "charge__subscription", "charge__accumulation"
    )
    by_transfer: dict[int, list[Allocation]] = {}
    for allocation in allocations.order_by("pk"):
        by_transfer.setdefault(allocation.transfer_id, []).append(allocation)
    return by_transfer


def _items(
    entries: Sequence[Entry], lines: dict[str, OrderLine], allocations: dict[int, list[Allocation]], zone: tzinfo
) -> Iterator[SettlementItem]:
    for entry in entries:
        if entry.account.kind != Account.Kind.SELLER:
            continue
        if entry.transfer.reason in USAGE_REASONS:
            yield from _usage_items(entry, allocations[entry.transfer_id], zone)
        elif entry.transfer.reason in REPAYMENT_REASONS:
            yield _repayment_item(entry, zone)
        else:
            yield _line_item(entry, lines[entry.transfer.order_number], zone)


def _line_item(entry: Entry, line: OrderLine, zone: tzinfo) -> SettlementItem:
    return SettlementItem(
        entry=entry, source=f"line:{line.number}", seller=_seller(entry), currency=entry.account.currency,
        product_id=line.product_id, line=line, minor=entry.amount_minor,
        paid_month=month_of(line.order.paid_at or entry.transfer.at, zone), settles_at=entry.transfer.at,
    )  # fmt: skip


def _repayment_item(entry: Entry, zone: tzinfo) -> SettlementItem:
    return SettlementItem(
        entry=entry, source=f"{REPAYMENT_PREFIX}{_bank_number(entry.transfer)}", seller=_seller(entry), currency=entry.account.currency,
        minor=entry.amount_minor, paid_month=month_of(entry.transfer.at, zone), settles_at=entry.transfer.at,
    )  # fmt: skip


def _bank_number(transfer: Transfer) -> str:
    """Return the bank's number; of a correction, that of the corrected booking, so that both have one number."""
    corrected_transfer = transfer.correction.transfer if transfer.reason == Reason.CORRECTED else transfer
    return corrected_transfer.reference


def _seller(entry: Entry) -> Seller:
    if entry.account.seller is None:
        raise LookupError("an account of a seller has one")
    return entry.account.seller


def _usage_items(entry: Entry, allocations: Sequence[Allocation], zone: tzinfo) -> Iterator[SettlementItem]:
    """Yield items by service and month of usage; of a credit, only amounts that the seller had received."""
    is_credit = entry.transfer.reason == Reason.CREDITED
    parts: Counter[str] = Counter()
    charges = {}
    for allocation in allocations:
        if is_credit and allocation.charge.minor > 0:
            continue  # reduction of a debt
        source = (
            f"usage:{allocation.charge.subscription_id}:{month_of(allocation.charge.accumulation.start, zone):%Y%m}"
        )
        parts[source] += -allocation.minor if is_credit else allocation.minor
        charges[source] = allocation.charge
    for source, minor in parts.items():
        charge = charges[source]
        yield SettlementItem(
            entry=entry, source=source, seller=_seller(entry), currency=entry.account.currency,
            product_id=charge.subscription.product_id, subscription_id=charge.subscription_id, minor=minor,
            paid_month=month_of(entry.transfer.at, zone), settles_at=entry.transfer.at,
        )  # fmt: skip


def _payments_of(
    entries: Sequence[Entry], lines: dict[str, OrderLine], allocations: dict[int, list[Allocation]], zone: tzinfo
) -> Iterator[ProductPayment]:
    for entry in entries:
        transfer, currency = entry.transfer, entry.account.currency
        month = month_of(transfer.at, zone)
        if transfer.reason == Reason.PAYMENT:
            yield ProductPayment(lines[transfer.order_number].product_id, currency, month, entry.amount_minor)
        elif transfer.reason == Reason.COLLECTED:
            for allocation in allocations[entry.transfer_id]:
                yield ProductPayment(allocation.charge.subscription.product_id, currency, month, allocation.minor)


def _add_payments(payments: Iterator[ProductPayment]) -> None:
    """Add to the monthly payments. The lock of the progress row protects them."""
    sums: Counter[tuple[int, str, date]] = Counter()
    for payment in payments:
        sums[payment.product, payment.currency, payment.month] += payment.minor
    new_rows = [
        {"product_id": product, "currency": currency, "month": f"{month:%Y-%m-%d}", "minor": minor}
        for (product, currency, month), minor in sorted(sums.items())
    ]
    if new_rows:
        text = (
            "INSERT INTO settlement_paidmonth (product_id, currency, month, minor) SELECT product_id, currency, month, minor"  # noqa: S608  # constants only
            f" FROM {rows.recordset(_PAID_MONTH_COLUMNS)} WHERE true ON CONFLICT (product_id, currency, month)"
            " DO UPDATE SET minor = settlement_paidmonth.minor + excluded.minor"
        )
        rows.run(text, [rows.as_json(new_rows)])


_PAID_MONTH_COLUMNS = {"product_id": "bigint", "currency": "text", "month": "date", "minor": "bigint"}
