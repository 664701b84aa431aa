"""Void a usage record whose charge is not invoiced (business-rules §6.2: the invoice is returned before a refund)."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void

from .models import UsageMonth
from .usage_months import month_of


def void_usage(record: Record, *, reason: str, actor: str, within: timedelta, zone: ZoneInfo, now: datetime) -> Record:
    """Void it, so that its charge is credited. Raises ``Refused`` and changes nothing while an invoice covers its month."""
    month = invoiced_month(record)
    if month is not None:
        raise Refused(
            "usage.invoiced",
            _("The usage of this month is on an invoice. Return the invoice, then void the record."),
            HTTPStatus.CONFLICT,
        )
    return void(record, reason=reason, actor=actor, within=within, zone=zone, now=now)


def invoiced_month(record: Record) -> UsageMonth | None:
    """The month of the record, if an invoice covers it."""
    month = month_of(record.accumulation_start)
    return UsageMonth.objects.filter(subscription=record.subscription_id, month=month, invoiced_minor__gt=0).first()
