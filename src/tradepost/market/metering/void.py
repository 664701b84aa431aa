"""Take a record back, with a reason: a row of the opposite sign goes where the record went (append-only)."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from . import collect, locks
from .models import Record, Void

LONGEST_REASON = 500


def void(
    record: Record, *, reason: str, actor: str, within: timedelta, zone: ZoneInfo, now: datetime, since: datetime | None = None
) -> Record:  # fmt: skip
    """The row that takes it back. What was charged for it is credited with the next charge of its cycle, and its time can be
    reported anew.

    Raises ``Refused`` without a reason, for a record that was taken back already, and when it was pushed longer ago than
    ``within``. ``since``: from when these days count if that is later.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Refused(
            "usage.reason", _("Say why, in at most 500 characters."), HTTPStatus.BAD_REQUEST, field="reason"
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
        collect.expect([record.cycle], now=now, zone=zone)
        Void.objects.create(record=record, reason=reason, actor=actor, at=now)
        return Record.objects.create(
            push=record.push, seller_id=record.seller_id, subscription_id=record.subscription_id,
            package_id=record.package_id, begin_at=record.begin_at, end_at=record.end_at, sn=record.sn,
            quantity=record.quantity, sign=-1, voids=record, cycle=record.cycle,
            accumulation_start=record.accumulation_start,
        )  # fmt: skip
