"""Void a usage record unless its charge is invoiced (business-rules §6.2: the invoice is returned before a refund)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.errors import Refused
from tradepost.market.billing.models import UsageMonth
from tradepost.market.billing.queries import charge_of_record
from tradepost.market.billing.usage_months import month_of
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void

from .models import Invoice, InvoiceItem
from .queries import invoice_over

OBSTACLE_TEXTS: Mapping[str, Promise] = {
    Invoice.Status.REVIEW: _(
        "The usage of this month is on an application for an invoice. Refuse the application, then void the record."
    ),
    Invoice.Status.TO_ISSUE: _(
        "The usage of this month is on an application for an invoice. Issue the invoice, return it, then void "
        "the record."
    ),
    Invoice.Status.DONE: _("The usage of this month is on an invoice. Return the invoice, then void the record."),
}
"""What the seller must do first, by invoice status."""


def void_usage(record: Record, *, reason: str, actor: str, within: timedelta, zone: ZoneInfo, now: datetime) -> Record:
    """Void the record, so that its charge is credited. Raises ``Refused`` and changes nothing while an invoice covers
    it."""
    invoice = invoice_over_record(record)
    if invoice is not None:
        raise Refused("usage.invoiced", str(OBSTACLE_TEXTS[invoice.status]), HTTPStatus.CONFLICT)
    return void(
        record, reason=reason, actor=actor, within=within, since=last_freed(record), zone=zone, now=now
    )  # fmt: skip


def invoice_over_record(record: Record) -> Invoice | None:
    """Return the invoice over the month of this record; None for an uncharged record, which no invoice covers."""
    month = _month(record)
    if month is None or not month.invoiced_minor or charge_of_record(record) is None:
        return None
    return invoice_over(month)


def last_freed(record: Record) -> datetime | None:
    """Return when the last invoice over its month ended, before which the seller could not void the record; None
    without one."""
    items = InvoiceItem.objects.filter(usage=_month(record), usage__isnull=False, live=False)
    ended_at: datetime | None = items.aggregate(at=Max("invoice__ended_at"))["at"]
    return ended_at


def may_void(record: Record, *, within: timedelta, now: datetime) -> bool:
    """Return whether the time to void it has not passed. An invoice may have to be returned first."""
    since = record.push.received_at
    freed_at = None if now <= since + within else last_freed(record)
    return not record.voided and (now <= since + within or (freed_at is not None and now <= freed_at + within))


def _month(record: Record) -> UsageMonth | None:
    month = month_of(record.accumulation_start)
    return UsageMonth.objects.filter(subscription=record.subscription_id, month=month).first()
