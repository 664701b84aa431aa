"""Timers of settlement: collect items each night, and create the statements of a month (business-rules §8.1, §8.4)."""

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
from .calendar import month_before, month_of, next_run, start_of
from .collect import collect_items
from .rules import SettlementRules
from .run import SIGN_BY_TIMER, create_statement

NIGHTLY_TIMER = "settlement.night"
MONTHLY_TIMER = "settlement.month"
STATEMENT_TIMER = "settlement.statement"
BATCH_PAUSE = timedelta(seconds=1)
"""Pause between batches for other work."""


def schedule(now: datetime, *, night: datetime, rules: SettlementRules) -> None:
    """Create both timers when a worker starts."""
    jobs.schedule(NIGHTLY_TIMER, "", due_at=night)
    jobs.schedule(MONTHLY_TIMER, "", due_at=next_run(now, day=rules.day, zone=rules.zone))


def tasks(rules: Callable[[], SettlementRules], next_night: Callable[[datetime], datetime]) -> dict[str, jobs.Task]:
    """Return the tasks by timer kind; they read ``rules`` when they run."""

    def night(_payload: Mapping[str, Any], now: datetime) -> datetime:
        """Collect the previous day for sellers' pages (§8.4)."""
        zone = rules().zone
        return (
            now + BATCH_PAUSE
            if collect_items(zone, before=start_of(now.astimezone(zone).date(), zone))
            else next_night(now)
        )

    def month(_payload: Mapping[str, Any], now: datetime) -> datetime:
        """Schedule a timer per seller and currency once the whole month is collected."""
        settlement_rules = rules()
        this_month = month_of(now, settlement_rules.zone)
        if collect_items(settlement_rules.zone, before=start_of(this_month, settlement_rules.zone)):
            return now + BATCH_PAUSE
        _schedule_statements(month_before(this_month), now)
        return next_run(now, day=settlement_rules.day, zone=settlement_rules.zone)

    def one(payload: Mapping[str, Any], now: datetime) -> None:
        [account] = _ACCOUNT(payload["account"])
        if account.seller is not None:
            create_statement(
                account.seller, account.currency, date.fromisoformat(payload["month"]), rules=rules(), now=now
            )

    return {NIGHTLY_TIMER: night, MONTHLY_TIMER: month, STATEMENT_TIMER: one, SIGN_BY_TIMER: time_out}


_ACCOUNT = PreparedObjects((BigIntegerField(),), lambda pk: Account.objects.select_related("seller").filter(pk=pk))


def _schedule_statements(month: date, now: datetime) -> None:
    accounts = Account.objects.filter(kind=Account.Kind.SELLER).order_by("pk").values_list("pk", flat=True)
    jobs.schedule_all(
        STATEMENT_TIMER,
        [Timer(f"{pk}/{month:%Y%m}", now, {"account": pk, "month": month.isoformat()}) for pk in accounts],
    )
