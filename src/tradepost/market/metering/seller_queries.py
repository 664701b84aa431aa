"""Pushes and records for sellers, and usage of a service for its buyer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.usage_items import SCALE

from .models import Meter, Push, Record, RefusedRecord

PAGE = 25


def units(quantity: int) -> Decimal:
    """Convert ten-thousandths to units."""
    return Decimal(quantity) / SCALE


class RecordFilter(Struct, frozen=True, kw_only=True):
    """Filters of a list of records. ``day``: in the market's time zone, by the start of the record."""

    instance: str = ""
    day: date | None = None
    state: str = ""
    """``counted`` or ``voided``; empty for all."""
    code: str = ""
    push: int | None = None


def records_of_seller(seller: Seller, filters: RecordFilter, *, zone: ZoneInfo) -> QuerySet[Record]:
    """Select the seller's records, without the rows that void others."""
    records = Record.objects.filter(seller=seller, sign=1)
    if filters.instance:
        records = records.filter(subscription__in=_named(seller, filters.instance))
    if filters.day is not None:
        begin, end = day_of(filters.day, zone)
        records = records.filter(begin_at__gte=begin, begin_at__lt=end)
    if filters.state:
        records = records.filter(voided=filters.state == "voided")
    if filters.push is not None:
        push = Push.objects.filter(seller=seller, pk=filters.push).first()
        # By key range, which needs no other index.
        records = (
            records.filter(push=push, pk__gte=push.first_record, pk__lte=push.last_record)
            if push is not None and push.first_record is not None
            else records.none()
        )
    return records.select_related("subscription__product", "subscription__meter")


def refused_of_seller(seller: Seller, filters: RecordFilter, *, zone: ZoneInfo) -> QuerySet[RefusedRecord]:
    records = RefusedRecord.objects.filter(seller=seller)
    if filters.instance:
        records = records.filter(instance_id=filters.instance)
    if filters.day is not None:
        begin, end = day_of(filters.day, zone)
        records = records.filter(at__gte=begin, at__lt=end)
    if filters.code:
        records = records.filter(code=filters.code)
    if filters.push is not None:
        records = records.filter(push=filters.push)
    return records.select_related("subscription__product")


def _named(seller: Seller, instance: str) -> list[int]:
    return list(Subscription.objects.filter(seller=seller, instance_id=instance).values_list("pk", flat=True))


def day_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return begin, datetime.combine(day + timedelta(days=1), begin.time(), tzinfo=zone)


def pushes_of_seller(
    seller: Seller, *, refused_only: bool = False, within: Within = any_time, after: str = "", size: int = PAGE
) -> Page[Push]:
    pushes = within(Push.objects.filter(seller=seller), "received_at")
    return page(pushes.filter(refused__gt=0) if refused_only else pushes, after=after, size=size)


def record_of_seller(seller: Seller, pk: int) -> Record | None:
    """Return the record with its service and void."""
    return (
        Record.objects.filter(seller=seller, pk=pk, sign=1)
        .select_related("push", "void", "package", "subscription__product", "subscription__meter", "voided_by")
        .first()
    )


# --- one service ---


class UsageSoFar(Struct, frozen=True, kw_only=True):
    """Reported usage of a service since the start of the month in the market's time zone."""

    meter: Meter
    quantity: Decimal
    records: int
    latest: datetime | None
    """End of the latest reported usage."""


def used_since(subscription: Subscription, since: datetime) -> UsageSoFar | None:
    """Return the usage since a moment; None if nothing was ever reported."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    records = Record.objects.filter(subscription=subscription, begin_at__gte=since, sign=1, voided=False)
    total = records.aggregate(total=Sum(F("quantity")))["total"] or 0
    latest_end = records.order_by("-begin_at").values_list("end_at", flat=True).first()
    return UsageSoFar(meter=meter, quantity=units(total), records=records.count(), latest=latest_end)


def records_of_service(subscription: Subscription, *, after: str = "", only: Q | None = None) -> Page[Record]:
    """Return records for the buyer, including voided ones and their voids, so that charges add up."""
    records = Record.objects.filter(subscription=subscription)
    return page((records if only is None else records.filter(only)).select_related("push"), after=after, size=PAGE)
