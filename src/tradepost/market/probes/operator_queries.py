"""What operators see of the watch over products: who fails and is frozen next, what is to be decided, and how slots went."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product

from .models import FailedOrder, Health, ProbeSlot, WorkItem

MOST = 200
MOST_ORDERS = 20
LONGEST_NOTE = 500


def forecasts(*, most: int = MOST) -> list[Health]:
    """Products on sale that fail, the nearest freeze first."""
    failing = Health.objects.filter(freezes_on__isnull=False, product__status=Product.Status.ON_SALE)
    return list(failing.select_related("product__seller").order_by("freezes_on", "product")[:most])


def frozen(*, most: int = MOST) -> list[Health]:
    """Products that their probes froze, the longest frozen first."""
    rows = Health.objects.filter(frozen_on__isnull=False, product__status=Product.Status.FROZEN)
    return list(rows.select_related("product__seller").order_by("frozen_on", "product")[:most])


class Item(Struct, frozen=True):
    """Something to be decided. ``orders``: that failed, of a product with too many."""

    item: WorkItem
    orders: tuple[FailedOrder, ...] = ()


def open_items(*, most: int = MOST) -> list[Item]:
    """Oldest first."""
    rows = WorkItem.objects.filter(closed_at=None).select_related("product__seller").order_by("opened_at", "pk")
    items = list(rows[:most])
    months = {one.pk: date.fromisoformat(one.occasion) for one in items if one.kind == WorkItem.Kind.FAILED_ORDERS}
    failed = _failed({one.product_id for one in items if one.pk in months}, set(months.values()))
    return [Item(one, tuple(failed.get((one.product_id, months.get(one.pk)), ()))) for one in items]


def _failed(products: set[int], months: set[date]) -> dict[tuple[int, date | None], list[FailedOrder]]:
    """The newest failed orders of each product and month, in one question."""
    if not products:
        return {}
    nth = Window(RowNumber(), partition_by=["product", "month"], order_by=F("pk").desc())
    rows = FailedOrder.objects.filter(product__in=products, month__in=months).annotate(nth=nth)
    found: defaultdict[tuple[int, date | None], list[FailedOrder]] = defaultdict(list)
    for one in rows.filter(nth__lte=MOST_ORDERS).select_related("order").order_by("-pk"):
        found[one.product_id, one.month].append(one)
    return found


def slots(*, after: str = "") -> Page[ProbeSlot]:
    return page(ProbeSlot.objects.filter(product=None), after=after, size=14)


def close_item(pk: int, *, note: str, by: str, now: datetime) -> WorkItem:
    """An operator looked at it, and says what was decided. Raises ``Refused`` without words, for one that was closed, and for
    one that closes itself when the product is sold again or stopped."""
    note = note.strip()
    if not note:
        raise Refused("probe.no_note", _("Say what was decided."), field="note")
    if len(note) > LONGEST_NOTE:
        raise Refused("probe.long_note", _("At most 500 characters."), field="note")
    with transaction.atomic():
        item = WorkItem.objects.select_for_update(of=("self",)).select_related("product").get(pk=pk)
        if item.closed_at is not None:
            raise Refused("probe.item_closed", _("This was decided already."))
        if item.kind == WorkItem.Kind.FROZEN and item.product.status == Product.Status.FROZEN:
            raise Refused("probe.still_frozen", _("The product is still frozen: restore it, or end its sale."))
        item.closed_at, item.closed_by, item.note = now, by, note
        item.save(update_fields=["closed_at", "closed_by", "note"])
    return item
