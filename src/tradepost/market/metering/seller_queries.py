"""What a seller sees of its pushes and records, and what a buyer sees of its services."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.usage_items import SCALE

from .models import Meter, Push, Record, RefusedRecord

PAGE = 25


def units(quantity: int) -> Decimal:
    """Of ten-thousandths."""
    return Decimal(quantity) / SCALE


class RecordFilter(Struct, frozen=True, kw_only=True):
    """How a list of records is narrowed. ``day``: in the market's zone; a record belongs where it begins."""

    instance: str = ""
    day: date | None = None
    state: str = ""
    """``counted`` or ``voided``; empty for all."""
    code: str = ""
    push: int | None = None


def records_of_seller(seller: Seller, asked: RecordFilter, *, zone: ZoneInfo) -> QuerySet[Record]:
    """Without the rows that void others: these show where the voided one is."""
    found = Record.objects.filter(seller=seller, sign=1)
    if asked.instance:
        found = found.filter(subscription__in=_named(seller, asked.instance))
    if asked.day is not None:
        begin, end = day_of(asked.day, zone)
        found = found.filter(begin_at__gte=begin, begin_at__lt=end)
    if asked.state:
        found = found.filter(voided=asked.state == "voided")
    if asked.push is not None:
        push = Push.objects.filter(seller=seller, pk=asked.push).first()
        # By the range of its keys, which needs no index of its own.
        found = (
            found.filter(push=push, pk__gte=push.first_record, pk__lte=push.last_record)
            if push is not None and push.first_record is not None
            else found.none()
        )
    return found.select_related("subscription__product", "subscription__meter")


def refused_of_seller(seller: Seller, asked: RecordFilter, *, zone: ZoneInfo) -> QuerySet[RefusedRecord]:
    found = RefusedRecord.objects.filter(seller=seller)
    if asked.instance:
        found = found.filter(instance_id=asked.instance)
    if asked.day is not None:
        begin, end = day_of(asked.day, zone)
        found = found.filter(at__gte=begin, at__lt=end)
    if asked.code:
        found = found.filter(code=asked.code)
    if asked.push is not None:
        found = found.filter(push=asked.push)
    return found.select_related("subscription__product")


def _named(seller: Seller, instance: str) -> list[int]:
    return list(Subscription.objects.filter(seller=seller, instance_id=instance).values_list("pk", flat=True))


def day_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return begin, datetime.combine(day + timedelta(days=1), begin.time(), tzinfo=zone)


def pushes_of_seller(seller: Seller, *, refused_only: bool = False, after: str = "") -> Page[Push]:
    found = Push.objects.filter(seller=seller)
    return page(found.filter(refused__gt=0) if refused_only else found, after=after, size=PAGE)


def record_of_seller(seller: Seller, pk: int) -> Record | None:
    """With what it is of, and what voided it."""
    return (
        Record.objects.filter(seller=seller, pk=pk, sign=1)
        .select_related("push", "void", "package", "subscription__product", "subscription__meter", "voided_by")
        .first()
    )


# --- of one service ---------------------------------------------------------------------------------------------------


class Used(Struct, frozen=True, kw_only=True):
    """What a service used since the month of the market's zone began, as far as records came."""

    meter: Meter
    quantity: Decimal
    records: int
    latest: datetime | None
    """Until when its seller reported."""


def used_since(subscription: Subscription, since: datetime) -> Used | None:
    """None for a service that no usage came for yet."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    found = Record.objects.filter(subscription=subscription, begin_at__gte=since, sign=1, voided=False)
    total = found.aggregate(total=Sum(F("quantity")))["total"] or 0
    latest = found.order_by("-begin_at").values_list("end_at", flat=True).first()
    return Used(meter=meter, quantity=units(total), records=found.count(), latest=latest)


def records_of_service(subscription: Subscription, *, after: str = "", only: Q | None = None) -> Page[Record]:
    """For its buyer: voided ones and those that void them are both there, so that charges add up to them."""
    found = Record.objects.filter(subscription=subscription)
    return page((found if only is None else found.filter(only)).select_related("push"), after=after, size=PAGE)
