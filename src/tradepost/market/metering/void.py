"""Void a record with a reason: append a row of the opposite sign."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from . import collect, locks
from .models import Record, Void

MAX_REASON = 500


def void(
    record: Record, *, reason: str, actor: str, within: timedelta, zone: ZoneInfo, now: datetime, since: datetime | None = None
) -> Record:  # fmt: skip
    """Void the record and return the new row. Its charge is credited in the next collection, and its time can be
    reported again.

    Raises ``Refused`` without a reason, for a voided record, or if it was pushed longer than ``within`` ago. ``since``:
    a later start of that time.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise Refused(
            "usage.reason", _("Enter the reason, in at most 500 characters."), HTTPStatus.BAD_REQUEST, field="reason"
        )  # fmt: skip
    with transaction.atomic():
        locks.while_inserting()
        record = Record.objects.select_for_update(of=("self",)).select_related("push").get(pk=record.pk)
        if record.voided or record.sign < 0:
            raise Refused("usage.voided", _("This record was voided already."), HTTPStatus.CONFLICT)
        if now > max(record.push.received_at, since or record.push.received_at) + within:
            raise Refused(
                "usage.too_late",
                _("A record can be voided for %(days)s days after it was pushed.") % {"days": within.days},
                HTTPStatus.CONFLICT,
            )
        Record.objects.filter(pk=record.pk).update(voided=True)
        collect.schedule_collections([record.cycle], now=now, zone=zone)
        Void.objects.create(record=record, reason=reason, actor=actor, at=now)
        return Record.objects.create(
            push=record.push, seller_id=record.seller_id, subscription_id=record.subscription_id,
            package_id=record.package_id, begin_at=record.begin_at, end_at=record.end_at, sn=record.sn,
            quantity=record.quantity, sign=-1, voids=record, cycle=record.cycle,
            accumulation_start=record.accumulation_start,
        )  # fmt: skip
