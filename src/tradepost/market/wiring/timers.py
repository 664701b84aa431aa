"""Timer → task. Tasks that need this market's settings get them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from tradepost.market.applications import run as sync_run
from tradepost.market.approvals import requests as approvals
from tradepost.market.base import clock, jobs, retention
from tradepost.market.base.config import config
from tradepost.market.billing import arrears, charge, stops
from tradepost.market.fulfilment import auto_renewal, earning, live
from tradepost.market.fulfilment.timers import AUTO_RENEW, EARN, LIFE
from tradepost.market.identity import buyer_keys, domains, group_check, sign_in_providers
from tradepost.market.images import worker as servers
from tradepost.market.invoices import deadlines
from tradepost.market.metering import collect
from tradepost.market.notifications import digest
from tradepost.market.notifications import reactions as notices
from tradepost.market.notifications.outgoing import DELIVER
from tradepost.market.old_rows import RETENTION
from tradepost.market.orders import auto_renew, best_sellers, cancel, refund_requests
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.organisations import dissolution, password_files
from tradepost.market.payments import intents
from tradepost.market.personal_data import erasure
from tradepost.market.probes import slots
from tradepost.market.production.clock_steps import Timers
from tradepost.market.review import overdue
from tradepost.market.service_desk import complaints, customer_demands, fetch_mails
from tradepost.market.service_desk.desk_settings import desk_rules_of
from tradepost.market.settlement import timers as settlement
from tradepost.market.supervision import timers as supervision
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.supervision_view import clocks_now
from tradepost.market.web.watching import watch

from .rules import domain_rechecks, market_zone, next_night, settlement_rules


def delete_old_rows(payload: Mapping[str, Any], now: datetime) -> datetime:
    """Delete the next batch of old rows. When none is left, wait for the next night."""
    keep = {rule.setting: config().named(rule.setting) for rule in RETENTION}
    if retention.continue_night(RETENTION, keep, payload, now=now, wall=clock.wall()):
        return now + retention.BATCH_PAUSE
    return next_night(now)


def count_best_sellers(_payload: Mapping[str, Any], now: datetime) -> datetime:
    """Move the period that counts for best sellers on, each night."""
    best_sellers.update_counts(now)
    return next_night(now)


def fetch_demand_mails(_payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Fetch new mails from the mailbox of demands."""
    return fetch_mails.run(config().service_desk, now)


def recheck_domain(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Look for the proof of a domain again."""
    return domains.recheck(payload, now, rechecks=domain_rechecks())


def confirm_groups(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Ask an identity provider whether an operator still has the groups that give the role."""
    return group_check.start(payload, now, wall=clock.wall())


def run_probe_slot(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Run the next phase of a slot of probes."""
    return slots.run(payload, now, watch=watch(), heading_for=clock.target())


@jobs.batched
def renew_services(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """Try each automatic renewal that is due."""
    return auto_renewal.renew_automatically(payloads, now, rule=auto_renew.rule_of(config().orders))


@jobs.batched
def book_begun_periods(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """Book paid time that began. If a sandbox's clock jumped past its beginning, book it at that moment."""
    return earning.earn_when_begun(payloads, now, at_their_moments=config().sandbox)


def return_unanswered_demand(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return a demand to the operators when the seller did not answer in time."""
    return customer_demands.time_out(payload, now, rules=desk_rules_of(config(), timezone.get_default_timezone()))


def invoice_clock(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Remind a seller of an invoice, or report that it is late."""
    return deadlines.tick(payload, now, patience=deadlines.deadline_of(config().invoices))


def retry_sync(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Retry the failed sync of a binding."""
    return sync_run.retry_due(payload, now, rules=sync_rules())


def supervision_clock(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Remind the parties of a supervised delivery, or accept it after the time for that."""
    return supervision.handle_timer(payload, now, clocks=clocks_now())


def schedule_nights(now: datetime) -> None:
    """Schedule the timers that always run; done when a worker starts."""
    retention.schedule(next_night(now))
    best_sellers.schedule(next_night(now))
    slots.schedule(watch=watch(), now=now)
    collect.schedule(now, market_zone())
    settlement.schedule(now, night=next_night(now), rules=settlement_rules())
    servers.begin(now)
    fetch_mails.schedule(config().service_desk, now=now)


TASKS: Mapping[str, jobs.Task] = {
    retention.NIGHTLY: delete_old_rows,
    best_sellers.NIGHTLY_TIMER: count_best_sellers,
    UNPAID_TIMEOUT: cancel.time_out,
    LIFE: live.process_due,
    EARN: book_begun_periods,
    AUTO_RENEW: renew_services,
    refund_requests.RESPONSE_TIMER: refund_requests.record_missing_answer,
    deadlines.TIMER_KIND: invoice_clock,
    intents.TIMER_KIND: intents.expire,
    approvals.REQUEST_TIMER: approvals.expire,
    slots.TIMER: run_probe_slot,
    notices.QUIET_JOB: notices.end_quiet_period,
    digest.DIGEST: digest.send_summary,
    domains.RECHECK: recheck_domain,
    sign_in_providers.TIMER: confirm_groups,
    overdue.OVERDUE: overdue.report_overdue,
    collect.TIMER: collect.run,
    charge.TIMER: charge.run,
    arrears.TIMER: arrears.run,
    stops.TIMER: stops.run,
    complaints.TIMER: complaints.time_out,
    customer_demands.TIMER: return_unanswered_demand,
    fetch_mails.TIMER: fetch_demand_mails,
    buyer_keys.EXPIRY: buyer_keys.remind_of_expiry,
    **settlement.tasks(settlement_rules, next_night),
    **servers.TASKS,
    sync_run.RETRY: retry_sync,
    password_files.END: password_files.delete_due_file,
    supervision.TIMER: supervision_clock,
    erasure.DUE_TIMER: erasure.run_due,
    dissolution.DUE_TIMER: dissolution.run_due,
}
TIMERS = Timers(reacting=TASKS.keys(), passed_over=frozenset({EARN}), mail=DELIVER)
"""A step of a sandbox's clock passes over timers that book at their own moment and notify nobody (decision 0050)."""
