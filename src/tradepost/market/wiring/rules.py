"""Rules that several parts of a worker use, built from this market's settings each time they are needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.base import clock, retention
from tradepost.market.base.config import config
from tradepost.market.fulfilment import reconcile
from tradepost.market.fulfilment.ask_sellers import QueryLimits
from tradepost.market.identity import domains
from tradepost.market.production.gateway import Limits
from tradepost.market.settlement.rules import SettlementRules, rules_of


def market_zone() -> ZoneInfo:
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return zone


def next_night(now: datetime) -> datetime:
    """Return when the next nightly tasks start."""
    zone = timezone.get_default_timezone()
    return retention.night_after(now, at=config().retention_at, zone=zone, heading_for=clock.target())


def domain_rechecks() -> domains.Rechecks:
    return domains.Rechecks(timedelta(days=config().identity.domain_recheck_days), config().identity.domain_failures)


def call_limits() -> Limits:
    """Return the limits of a call to a seller."""
    return Limits(
        config().production.seller_timeout_seconds, config().production.seller_answer_limit, config().outbound
    )


def reconcile_scope() -> reconcile.Scope:
    settings = config()
    pace = QueryLimits(
        batch=settings.fulfilment.reconcile_batch, at_once=settings.fulfilment.reconcile_at_once, patience=settings.production.seller_timeout_seconds + 60
    )  # fmt: skip
    return reconcile.Scope(pace=pace, ended=timedelta(days=settings.fulfilment.reconcile_ended_days))


def settlement_rules() -> SettlementRules:
    return rules_of(config().settlement, zone=market_zone(), closes=config().review_day_ends)
