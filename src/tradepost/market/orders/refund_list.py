"""One list of all refunds of a buyer or seller, requested or caused by deliveries, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, next_key, order_of
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

from .refund_models import DeliveryRefund, Refund


class ListedRefund(Struct, frozen=True, kw_only=True):
    """One row: a request (``refund``), or a refund of an order line by its delivery (``delivery``)."""

    at: datetime
    kind: str
    product: Product
    buyer: User
    amount: Money
    status: str
    refund: Refund | None = None
    delivery: DeliveryRefund | None = None


class Key(Struct, frozen=True, order=True):
    """Position of a row in the list; the next page begins after the last row of a page."""

    at: datetime
    source: int
    """Table of the row, to order rows of the same moment."""
    pk: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z_{self.source}_{self.pk}"


REQUESTED, DELIVERY = 0, 1


class RefundFilter(Struct, frozen=True, kw_only=True):
    """Filters of a list of refunds; ``until`` is exclusive."""

    status: str = ""
    since: datetime | None = None
    until: datetime | None = None


NO_FILTER = RefundFilter()


def refunds_of_buyer(
    buyer: User, filters: RefundFilter = NO_FILTER, *, after: str = "", size: int = 20
) -> Page[ListedRefund]:
    """Return the refunds of a buyer, newest first."""
    return _page({"buyer": buyer}, filters, after, size)


def refunds_of_seller(
    seller: Seller, filters: RefundFilter = NO_FILTER, *, after: str = "", size: int = 20
) -> Page[ListedRefund]:
    """Return the refunds of a seller, newest first."""
    return _page({"seller": seller}, filters, after, size)


def _page(owner: dict[str, Model], filters: RefundFilter, after: str, size: int) -> Page[ListedRefund]:
    oldest, key = order_of(after)
    last_key, status = read_key(key), filters.status
    conditions = {**owner, "status": status} if status else owner
    entries = [
        (Key(record.requested_at, REQUESTED, record.pk), _list_request(record))
        for record in _in_period(requested_refunds(conditions, last_key, oldest=oldest), "requested_at", filters)[
            : size + 1
        ]
    ]
    if status in {"", Refund.Status.REFUNDED}:
        entries += [
            (Key(record.at, DELIVERY, record.pk), _list_delivery(record))
            for record in _in_period(delivery_refunds(owner, last_key, oldest=oldest), "at", filters)[: size + 1]
        ]
    entries.sort(key=lambda row: row[0], reverse=not oldest)
    shown_rows = entries[:size]
    return Page(
        [row for _key, row in shown_rows],
        next_key(str(shown_rows[-1][0]), oldest=oldest) if len(entries) > size else "",
    )


def _in_period[M: Model](rows: QuerySet[M], moment: str, filters: RefundFilter) -> QuerySet[M]:
    if filters.since is not None:
        rows = rows.filter(**{f"{moment}__gte": filters.since})
    return rows.filter(**{f"{moment}__lt": filters.until}) if filters.until is not None else rows


def requested_refunds(owner: dict[str, Any], last: Key | None, *, oldest: bool = False) -> QuerySet[Refund]:
    """Select requested refunds after this position in the list."""
    rows = _after_key(Refund.objects.filter(**owner), "requested_at", REQUESTED, last, oldest=oldest)
    rows = rows.order_by(*_order(owner, "requested_at", oldest=oldest))
    return rows.select_related("buyer", "subscription__product")


def delivery_refunds(owner: dict[str, Any], last: Key | None, *, oldest: bool = False) -> QuerySet[DeliveryRefund]:
    """Select refunds of deliveries after this position in the list."""
    rows = _after_key(DeliveryRefund.objects.filter(**owner), "at", DELIVERY, last, oldest=oldest)
    rows = rows.order_by(*_order(owner, "at", oldest=oldest))
    return rows.select_related("buyer", "line__order", "line__product")


def _order(owner: Iterable[str], moment: str, *, oldest: bool) -> list[str]:
    """Return the sort order that follows the index in one direction; its first columns have one value each."""
    return [*(f"-{name}" for name in owner), moment, "pk"] if oldest else [*owner, f"-{moment}", "-pk"]


def _after_key[M: Model](
    rows: QuerySet[M], moment: str, source: int, last_key: Key | None, *, oldest: bool
) -> QuerySet[M]:
    if last_key is None:
        return rows
    comparison = "gt" if oldest else "lt"
    further, same_moment = Q(**{f"{moment}__{comparison}": last_key.at}), Q(**{moment: last_key.at})
    if source == last_key.source:
        further |= same_moment & Q(**{f"pk__{comparison}": last_key.pk})
    elif (source > last_key.source) == oldest:
        further |= same_moment
    return rows.filter(further, **{f"{moment}__{comparison}e": last_key.at})  # bound for the index


def read_key(after: str) -> Key | None:
    """Parse the key of a row; None, the top of the list, for anything else."""
    parts = after.split("_")
    if len(parts) != 3:
        return None
    try:
        moment = parse_datetime(parts[0])
    except ValueError:
        return None
    source, pk = whole_number(parts[1]), whole_number(parts[2])
    if moment is None or moment.tzinfo is None or source not in {REQUESTED, DELIVERY} or pk is None:
        return None
    return Key(moment, source, pk)


def _list_request(refund: Refund) -> ListedRefund:
    return ListedRefund(
        at=refund.requested_at, kind=refund.get_kind_display(), product=refund.subscription.product, buyer=refund.buyer,
        amount=refund.total, status=refund.status, refund=refund,
    )  # fmt: skip


def _list_delivery(delivery: DeliveryRefund) -> ListedRefund:
    return ListedRefund(
        at=delivery.at, kind=delivery.get_kind_display(), product=delivery.line.product, buyer=delivery.buyer, amount=delivery.amount,
        status=Refund.Status.REFUNDED.value, delivery=delivery,
    )  # fmt: skip
