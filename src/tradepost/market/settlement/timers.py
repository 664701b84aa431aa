"""Timers of settlement: take up what was booked each night, and make the statements of a month (business-rules §8.1, §8.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField

from tradepost.market.base import jobs
from tradepost.market.base.jobs import Timer
from tradepost.market.base.prepared import PreparedObjects
from tradepost.market.payments.models import Account

from .agree import time_out
from .calendar import begins, month_before, month_of, next_run
from .rules import SettlementRules
from .run import SIGN_BY, make
from .take_up import take_up

NIGHT = "settlement.night"
MONTH = "settlement.month"
ONE = "settlement.statement"
PAUSE = timedelta(seconds=1)
"""Between two batches: others' work goes on meanwhile."""


def schedule(now: datetime, *, night: datetime, rules: SettlementRules) -> None:
    """When a worker starts: both timers stand."""
    jobs.schedule(NIGHT, "", due_at=night)
    jobs.schedule(MONTH, "", due_at=next_run(now, day=rules.day, zone=rules.zone))


def tasks(rules: Callable[[], SettlementRules], next_night: Callable[[datetime], datetime]) -> dict[str, jobs.Task]:
    """By kind; ``rules`` are read when one runs."""

    def night(_payload: Mapping[str, Any], now: datetime) -> datetime:
        """What sellers see of the day before (§8.4)."""
        zone = rules().zone
        return now + PAUSE if take_up(zone, before=begins(now.astimezone(zone).date(), zone)) else next_night(now)

    def month(_payload: Mapping[str, Any], now: datetime) -> datetime:
        """A timer for each seller and currency, once all of that month is taken up."""
        by = rules()
        this_month = month_of(now, by.zone)
        if take_up(by.zone, before=begins(this_month, by.zone)):
            return now + PAUSE
        _one_each(month_before(this_month), now)
        return next_run(now, day=by.day, zone=by.zone)

    def one(payload: Mapping[str, Any], now: datetime) -> None:
        [account] = _ACCOUNT(payload["account"])
        if account.seller is not None:
            make(account.seller, account.currency, date.fromisoformat(payload["month"]), rules=rules(), now=now)

    return {NIGHT: night, MONTH: month, ONE: one, SIGN_BY: time_out}


_ACCOUNT = PreparedObjects((BigIntegerField(),), lambda pk: Account.objects.select_related("seller").filter(pk=pk))


def _one_each(month: date, now: datetime) -> None:
    accounts = Account.objects.filter(kind=Account.Kind.SELLER).order_by("pk").values_list("pk", flat=True)
    jobs.schedule_all(
        ONE,
        [Timer(f"{pk}/{month:%Y%m}", now, {"account": pk, "month": month.isoformat()}) for pk in accounts],
    )
