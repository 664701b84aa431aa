"""Take up what was booked: an item for each part of each entry of a seller's account, and what was paid for products by month.

The ledger is walked once, in the order of its entries, as far as its kept sums reach: up to there nothing is still being written
(``payments.kept_sums``). So no entry is taken up twice, and none is left out that was committed late.
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

from .calendar import month_of
from .models import Progress, SettlementItem

BATCH = 2000
"""Entries that are walked over in one transaction."""
Reason = Transfer.Reason
OF_ORDERS = (Reason.EARNED, Reason.TAKEN_BACK)
OF_USAGE = (Reason.COLLECTED, Reason.CREDITED)


class Paid(Struct, frozen=True):
    """What a buyer paid for a product."""

    product: int
    currency: str
    month: date
    minor: int


def take_up(zone: tzinfo, *, before: datetime) -> bool:
    """One batch. Whether there is more that was booked ``before``: whoever goes on until then misses nothing of that time, and comes
    to an end however much is booked meanwhile.

    Moving the sums on is a step of its own: a timer's transaction would keep its lock on the entries for the batch.
    """
    progress = Progress.objects.first() or _begun()
    if progress.through < (summed := _summed()):
        return _batch(progress, zone) < summed or _booked(summed, before)
    left = _booked(progress.through, before)
    if left:
        kept_sums.move_on()
    return left


def _batch(progress: Progress, zone: tzinfo) -> int:
    """Up to which entry there are items then."""
    with transaction.atomic():
        held = Progress.objects.select_for_update().get(pk=progress.pk)
        summed = _summed()
        through = min(held.through + BATCH, summed)
        if through <= held.through:
            return held.through
        entries = _entries(held.through, through)
        lines = _lines_of(entries)
        allocations = _allocations_of(entries)
        paid = _paid(entries, lines, allocations, zone)
        rows.create(_items(entries, lines, allocations, zone))
        _count(paid)
        Progress.objects.filter(pk=held.pk).update(through=through)
    return through


def _booked(after: int, before: datetime) -> bool:
    """Whether there are entries beyond this one, which the sums do not reach, that were booked ``before``: mostly the next one is, or
    none of a thousand transfers."""
    found = Entry.objects.filter(pk__gt=after, transfer__at__lt=before).order_by("pk")
    return found.values_list("pk", flat=True).first() is not None


def _begun() -> Progress:
    return Progress.objects.get_or_create(pk=1)[0]


def _summed() -> int:
    """Up to which entry the kept sums reach."""
    return KindTotal.objects.aggregate(through=Max("summed_through"))["through"] or 0


def _entries(after: int, through: int) -> list[Entry]:
    """Of sellers' accounts what orders and usage moved, and what buyers paid into clearing. Transfers are fetched by their keys:
    joined, a planner would read all of them."""
    found = _ENTRIES(after, through)
    transfers = {one.pk: one for one in _TRANSFERS({entry.transfer_id for entry in found})}
    for entry in found:
        entry.transfer = transfers[entry.transfer_id]
    return [
        entry
        for entry in found
        if (entry.account.kind == Account.Kind.SELLER and entry.transfer.reason in (*OF_ORDERS, *OF_USAGE))
        or (entry.account.kind == Account.Kind.CLEARING and entry.transfer.reason == Reason.PAYMENT)
    ]


_ENTRIES = PreparedObjects(
    (models.BigIntegerField(), models.BigIntegerField()),
    lambda after, through: (
        Entry.objects.filter(pk__gt=after, pk__lte=through).select_related("account__seller").order_by("pk")
    ),
)
_TRANSFERS = PreparedObjects((Keys(),), lambda keys: Transfer.objects.filter(Among("pk", keys)))


def _lines_of(entries: Sequence[Entry]) -> dict[str, OrderLine]:
    """By the number of its order, which has one line."""
    numbers = {entry.transfer.order_number for entry in entries if entry.transfer.order_number}
    return {line.order.number: line for line in _LINES(numbers)}


_LINES = PreparedObjects(
    (Keys("text"),),
    lambda numbers: OrderLine.objects.filter(Among("order__number", numbers)).select_related("order").order_by("-pk"),
)


def _allocations_of(entries: Sequence[Entry]) -> dict[int, list[Allocation]]:
    """By the key of the transfer."""
    of_usage = {entry.transfer_id for entry in entries if entry.transfer.reason in OF_USAGE}
    found = Allocation.objects.filter(transfer__in=of_usage).select_related(
        "charge__subscription", "charge__accumulation"
    )
    kept: dict[int, list[Allocation]] = {}
    for one in found.order_by("pk"):
        kept.setdefault(one.transfer_id, []).append(one)
    return kept


def _items(
    entries: Sequence[Entry], lines: dict[str, OrderLine], allocations: dict[int, list[Allocation]], zone: tzinfo
) -> Iterator[SettlementItem]:
    for entry in entries:
        if entry.account.kind != Account.Kind.SELLER:
            continue
        if entry.transfer.reason in OF_USAGE:
            yield from _of_usage(entry, allocations[entry.transfer_id], zone)
        else:
            yield _of_line(entry, lines[entry.transfer.order_number], zone)


def _of_line(entry: Entry, line: OrderLine, zone: tzinfo) -> SettlementItem:
    return SettlementItem(
        entry=entry, source=f"line:{line.number}", seller=_seller(entry), currency=entry.account.currency,
        product_id=line.product_id, line=line, minor=entry.amount_minor,
        paid_month=month_of(line.order.paid_at or entry.transfer.at, zone), settles_at=entry.transfer.at,
    )  # fmt: skip


def _seller(entry: Entry) -> Seller:
    if entry.account.seller is None:
        raise LookupError("an account of a seller has one")
    return entry.account.seller


def _of_usage(entry: Entry, allocations: Sequence[Allocation], zone: tzinfo) -> Iterator[SettlementItem]:
    """What was collected is of several services and months; of a credit only what was paid already came from the seller."""
    back = entry.transfer.reason == Reason.CREDITED
    parts: Counter[str] = Counter()
    charges = {}
    for one in allocations:
        if back and one.charge.minor > 0:
            continue  # a debt that was cut
        source = f"usage:{one.charge.subscription_id}:{month_of(one.charge.accumulation.start, zone):%Y%m}"
        parts[source] += -one.minor if back else one.minor
        charges[source] = one.charge
    for source, minor in parts.items():
        charge = charges[source]
        yield SettlementItem(
            entry=entry, source=source, seller=_seller(entry), currency=entry.account.currency,
            product_id=charge.subscription.product_id, subscription_id=charge.subscription_id, minor=minor,
            paid_month=month_of(entry.transfer.at, zone), settles_at=entry.transfer.at,
        )  # fmt: skip


def _paid(
    entries: Sequence[Entry], lines: dict[str, OrderLine], allocations: dict[int, list[Allocation]], zone: tzinfo
) -> Iterator[Paid]:
    for entry in entries:
        transfer, currency = entry.transfer, entry.account.currency
        month = month_of(transfer.at, zone)
        if transfer.reason == Reason.PAYMENT:
            yield Paid(lines[transfer.order_number].product_id, currency, month, entry.amount_minor)
        elif transfer.reason == Reason.COLLECTED:
            for one in allocations[entry.transfer_id]:
                yield Paid(one.charge.subscription.product_id, currency, month, one.minor)


def _count(paid: Iterator[Paid]) -> None:
    """Add to the months. Who holds the progress is alone."""
    sums: Counter[tuple[int, str, date]] = Counter()
    for one in paid:
        sums[one.product, one.currency, one.month] += one.minor
    new = [
        {"product_id": product, "currency": currency, "month": f"{month:%Y-%m-%d}", "minor": minor}
        for (product, currency, month), minor in sorted(sums.items())
    ]
    if new:
        text = (
            "INSERT INTO settlement_paidmonth (product_id, currency, month, minor) SELECT product_id, currency, month, minor"  # noqa: S608
            f" FROM {rows.recordset(_PAID_MONTH)} WHERE true ON CONFLICT (product_id, currency, month)"
            " DO UPDATE SET minor = settlement_paidmonth.minor + excluded.minor"
        )
        rows.run(text, [rows.as_json(new)])


_PAID_MONTH = {"product_id": "bigint", "currency": "text", "month": "date", "minor": "bigint"}
