"""Queries for operators about monitoring: failing and frozen products, work items and slots."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product

from .models import FailedOrder, Health, ProbeRun, ProbeSlot, Verdict, WorkItem
from .watch import Watch

MAX_ROWS = 200
MAX_ORDERS = 20
MAX_NOTE_LENGTH = 500


def forecasts(*, most: int = MAX_ROWS) -> list[Health]:
    """Return failing products on sale, the nearest freeze first."""
    failing_health = Health.objects.filter(freezes_on__isnull=False, product__status=Product.Status.ON_SALE)
    return list(failing_health.select_related("product__seller").order_by("freezes_on", "product")[:most])


def frozen_products(*, most: int = MAX_ROWS) -> list[Health]:
    """Return products frozen by probes, the longest frozen first."""
    rows = Health.objects.filter(frozen_on__isnull=False, product__status=Product.Status.FROZEN)
    return list(rows.select_related("product__seller").order_by("frozen_on", "product")[:most])


def failing_runs(*, watch: Watch, now: datetime, most: int = MAX_ROWS) -> list[ProbeRun]:
    """Return cases that failed all attempts in a current slot, latest first."""
    since = now.astimezone(watch.zone).date() - timedelta(days=1)
    slots = ProbeSlot.objects.filter(product=None, closed_at=None, date__gte=since)
    current_slots = [slot.pk for slot in slots if watch.is_under_way(slot.date, slot.half, now=now)]
    failed_runs = ProbeRun.objects.filter(slot__in=current_slots, verdict=Verdict.FAILED)
    return list(failed_runs.select_related("seller", "address", "slot").order_by("-pk")[:most])


class Item(Struct, frozen=True):
    """A work item. ``orders``: the failed orders, for a product with too many."""

    item: WorkItem
    orders: tuple[FailedOrder, ...] = ()


def open_items(*, most: int = MAX_ROWS) -> list[Item]:
    """Return open work items, oldest first."""
    rows = WorkItem.objects.filter(closed_at=None).select_related("product__seller").order_by("opened_at", "pk")
    items = list(rows[:most])
    months = {item.pk: date.fromisoformat(item.occasion) for item in items if item.kind == WorkItem.Kind.FAILED_ORDERS}
    failed_products = _failed_orders({item.product_id for item in items if item.pk in months}, set(months.values()))
    return [Item(item, tuple(failed_products.get((item.product_id, months.get(item.pk)), ()))) for item in items]


def _failed_orders(products: set[int], months: set[date]) -> dict[tuple[int, date | None], list[FailedOrder]]:
    """Return the newest failed orders of each product and month, with one query."""
    if not products:
        return {}
    nth = Window(RowNumber(), partition_by=["product", "month"], order_by=F("pk").desc())
    rows = FailedOrder.objects.filter(product__in=products, month__in=months).annotate(nth=nth)
    by_product_and_month: defaultdict[tuple[int, date | None], list[FailedOrder]] = defaultdict(list)
    for failed_order in rows.filter(nth__lte=MAX_ORDERS).select_related("order").order_by("-pk"):
        by_product_and_month[failed_order.product_id, failed_order.month].append(failed_order)
    return by_product_and_month


def slots(*, after: str = "") -> Page[ProbeSlot]:
    return page(ProbeSlot.objects.filter(product=None), after=after, size=14)


def close_item(pk: int, *, note: str, by: str, now: datetime) -> WorkItem:
    """Close a work item with a note on the decision.

    Raises ``Refused`` without a note, if it is closed, or for a freeze that closes when sales restart or end.
    """
    note = note.strip()
    if not note:
        raise Refused("probe.no_note", _("Enter the decision."), field="note")
    if len(note) > MAX_NOTE_LENGTH:
        raise Refused("probe.long_note", _("At most 500 characters."), field="note")
    with transaction.atomic():
        item = WorkItem.objects.select_for_update(of=("self",)).select_related("product").get(pk=pk)
        if item.closed_at is not None:
            raise Refused("probe.item_closed", _("This has already been decided."))
        if item.kind == WorkItem.Kind.FROZEN and item.product.status == Product.Status.FROZEN:
            raise Refused("probe.still_frozen", _("Sales of the product are still suspended. Restore or end them."))
        item.closed_at, item.closed_by, item.note = now, by, note
        item.save(update_fields=["closed_at", "closed_by", "note"])
    return item
