"""Event → reactions, timer → task, on one screen; and the composition of a worker's engine from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.assets import check_version
from tradepost.market.assets.events import AssetChecked
from tradepost.market.auth_centre import reactions as sign_ins
from tradepost.market.base import clock, jobs, leased_jobs, retention
from tradepost.market.base.config import config
from tradepost.market.base.events import Reactions, merged, on
from tradepost.market.billing import alerts, arrears, charge, collect_debt, stops
from tradepost.market.billing.events import DebtChanged
from tradepost.market.catalog import reactions as catalog
from tradepost.market.catalog.events import (
    CategoryRenamed,
    ProductFrozen,
    ProductStopped,
    ProductUnfrozen,
    StockEmpty,
    UpgradeRuleLapsed,
)
from tradepost.market.debugging import find_out, findings, replay, saved
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.fulfilment import auto_renewal, earning, live, live_access, order_paid, reconcile
from tradepost.market.fulfilment.ask_sellers import Pace
from tradepost.market.fulfilment.events import OperationStopped, OperatorActed
from tradepost.market.fulfilment.timers import AUTO_RENEW, EARN, LIFE
from tradepost.market.identity import buyer_keys, domain_proof, domains
from tradepost.market.identity.events import (
    AgreementPublished,
    CertificationLocked,
    SellerAdmitted,
    SellerExited,
    SellerResumed,
    SellerSuspended,
    SigningKeyRotated,
)
from tradepost.market.images import worker as on_servers
from tradepost.market.invoices import invoice_files, patience
from tradepost.market.metering import collect, packages
from tradepost.market.metering.events import CollectionClosed, PackageChanged, QuotaDeducted
from tradepost.market.notifications import auto_renewal_reactions as renewals
from tradepost.market.notifications import complaint_reactions as complained
from tradepost.market.notifications import debugging_reactions as debugged
from tradepost.market.notifications import deliver, deliver_elsewhere, digest, document_reactions, operation_reactions
from tradepost.market.notifications import demand_reactions as demanded
from tradepost.market.notifications import image_reactions as of_images
from tradepost.market.notifications import invoice_reactions as invoiced
from tradepost.market.notifications import member_reactions as people
from tradepost.market.notifications import operator_reactions as operators
from tradepost.market.notifications import order_notice_reactions as notified
from tradepost.market.notifications import probe_reactions as probed
from tradepost.market.notifications import product_reactions as products
from tradepost.market.notifications import reactions as tell
from tradepost.market.notifications import refund_reactions as refunded
from tradepost.market.notifications import seller_reactions as sellers
from tradepost.market.notifications import service_reactions as services
from tradepost.market.notifications import settlement_reactions as settled
from tradepost.market.notifications import sign_in_reactions as signing_in
from tradepost.market.notifications import transfer_reactions as transferred
from tradepost.market.notifications import usage_reactions as usage
from tradepost.market.notifications import web_scan_reactions as web_checked
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.outgoing import DELIVER
from tradepost.market.old_rows import RETENTION
from tradepost.market.orders import auto_renew, best_sellers, cancel, refund_requests, wait_for_transfer
from tradepost.market.orders.events import OrderCompleted, OrderPaid, OrderRefunded, RefundPaid
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.payments import intents
from tradepost.market.payments.events import ToppedUp, TransferProofGiven
from tradepost.market.probes import failed_orders, slots
from tradepost.market.probes.watch import probing_of
from tradepost.market.production import breaker, order_notices, trial_call
from tradepost.market.production.clock_steps import Timers
from tradepost.market.production.engine import Setup
from tradepost.market.production.events import BreakerOpened, CallEnded, CallFailed
from tradepost.market.production.gateway import Limits
from tradepost.market.production.trials import TRIAL
from tradepost.market.review import asset_files, hand_in, overdue, website
from tradepost.market.review.events import SubmissionDecided, SubmissionOverdue, SubmissionSent
from tradepost.market.service_desk import complaints, customer_demands, fetch_mails
from tradepost.market.service_desk.desk_settings import desk_rules_of
from tradepost.market.settlement import timers as settlement
from tradepost.market.settlement.rules import SettlementRules, rules_of
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionExpired,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.web import joint, supervised, watching
from tradepost.market.web_scan import scan as web_scan
from tradepost.market.web_scan.events import WebScanEnded


def submission_replayed(event: ReplayEnded, now: datetime) -> None:
    """A submission goes on to an operator, or fails, by what the replay of its cases found."""
    hand_in.replayed(event, settings=config(), now=now)


def asset_checked(event: AssetChecked, now: datetime) -> None:
    """A file goes on to an operator, or is refused, by what its check found."""
    asset_files.hand_in_checked(event, settings=config(), now=now)


_watch = watching.watch


def debt_changed(event: DebtChanged, now: datetime) -> None:
    arrears.on_debt_changed(event, now, levels=arrears.levels_by(config()))


def quota_deducted(event: QuotaDeducted, now: datetime) -> None:
    """A package becomes low or is used up."""
    alerts.on_quota_deducted(event, now, rule=alerts.rule_of(config()))


def order_waits(event: TransferProofGiven, now: datetime) -> None:
    """The order that a transfer is for can be paid until an operator has looked."""
    wait_for_transfer.on_transfer_proof_given(event, now, longest=timedelta(days=config().transfer_order_days))


REACTIONS = Reactions(
    [
        on(
            OrderPaid,
            order_paid.on_order_paid,
            order_notices.on_order_paid,
            tell.on_order_paid,
            best_sellers.on_order_paid,
        ),
        on(
            OrderCompleted,
            packages.on_order_completed,
            tell.on_order_completed,
            failed_orders.on_order_completed,
            on_servers.on_order_completed,
            supervised.on_order_completed,
        ),
        *tell.REACTIONS,
        *invoiced.REACTIONS,
        *settled.REACTIONS,
        on(
            OrderRefunded,
            collect_debt.on_order_refunded,
            tell.on_order_refunded,
            tell.on_delivery_given_up,
            watching.count_failed_order,
            supervised.on_order_refunded,
        ),
        on(RefundPaid, order_notices.on_refund_paid, collect_debt.on_refund_paid, refunded.on_refund_paid),
        on(CallFailed, tell.on_call_failed),
        on(
            CallEnded,
            *live_access.ON_CALL_ENDED,
            joint.sync_calls_ended,
            saved.on_call_ended,
            watching.judge_probes,
            notified.on_call_ended,
        ),
        on(ReplayEnded, debugged.on_replay_ended, submission_replayed),
        on(AssetChecked, asset_checked),
        on(OperationStopped, operation_reactions.on_operation_stopped),
        on(OperatorActed, operators.on_operator_acted),
        on(BreakerOpened, tell.on_breaker_opened),
        on(ToppedUp, collect_debt.on_topped_up, transferred.on_topped_up),
        on(TransferProofGiven, order_waits, transferred.on_transfer_proof_given),
        *transferred.REACTIONS,
        on(SigningKeyRotated, tell.on_signing_key_rotated),
        *people.REACTIONS,
        on(SubmissionSent, sellers.on_submission_sent),
        on(SubmissionDecided, sellers.on_submission_decided),
        on(SubmissionOverdue, sellers.on_submission_overdue),
        on(SellerAdmitted, sellers.on_seller_admitted),
        on(SellerSuspended, catalog.on_seller_standing, sellers.on_seller_suspended),
        on(SellerResumed, catalog.on_seller_standing, sellers.on_seller_resumed),
        on(SellerExited, catalog.on_seller_standing, sellers.on_seller_exited),
        on(CertificationLocked, sellers.on_certification_locked),
        on(AgreementPublished, sellers.on_agreement_published),
        *renewals.REACTIONS,
        on(SubscriptionEndsSoon, services.on_service_ends_soon),
        on(SubscriptionExpired, services.on_service_expired),
        on(SubscriptionFrozen, services.on_service_frozen),
        on(SubscriptionUnfrozen, services.on_service_unfrozen),
        on(
            SubscriptionReleased,
            packages.on_released,
            joint.service_released,
            services.on_service_released,
            on_servers.on_service_released,
        ),
        on(CategoryRenamed, catalog.on_category_renamed),
        on(ProductFrozen, products.on_product_frozen),
        on(ProductUnfrozen, watching.probes_begin_anew, products.on_product_unfrozen),
        on(ProductStopped, watching.probes_end, products.on_product_stopped),
        on(StockEmpty, products.on_stock_empty),
        on(UpgradeRuleLapsed, products.on_upgrade_rule_lapsed),
        on(WebScanEnded, web_checked.on_web_scan_ended),
        *probed.REACTIONS,
        *usage.REACTIONS,
        on(CollectionClosed, charge.on_collection_closed),
        on(DebtChanged, debt_changed),
        on(PackageChanged, stops.on_package_changed),
        on(QuotaDeducted, stops.on_quota_deducted, quota_deducted),
        *refunded.REACTIONS,
        *supervised.REACTIONS,
        *merged(joint.REACTIONS, sign_ins.REACTIONS, signing_in.REACTIONS, document_reactions.REACTIONS),
        *demanded.REACTIONS,
        *complained.REACTIONS,
        *on_servers.REACTIONS,
        *of_images.REACTIONS,
    ]
)


def clear_old(payload: Mapping[str, Any], now: datetime) -> datetime:
    """The next batch of old rows; when nothing is left, the next night."""
    keep = {rule.setting: getattr(config(), rule.setting) for rule in RETENTION}
    if retention.go_on(RETENTION, keep, payload, now=now, wall=clock.wall()):
        return now + retention.PAUSE
    return _next_night(now)


def count_best_sellers(_payload: Mapping[str, Any], now: datetime) -> datetime:
    """Each night."""
    best_sellers.move_on(now)
    return _next_night(now)


def _schedule_nights(now: datetime) -> None:
    retention.schedule(_next_night(now))
    best_sellers.schedule(_next_night(now))
    slots.schedule(watch=_watch(), now=now)
    collect.schedule(now, _zone())
    settlement.schedule(now, night=_next_night(now), rules=_settlement())
    on_servers.begin(now)
    fetch_mails.schedule(config(), now=now)


def _next_night(now: datetime) -> datetime:
    zone = timezone.get_default_timezone()
    return retention.night_after(now, at=config().retention_at, zone=zone, heading_for=clock.target())


def fetch_demand_mails(_payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Look into the mailbox of demands."""
    return fetch_mails.run(config(), now)


def recheck_domain(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Look for the proof of a domain again."""
    return domains.recheck(payload, now, rechecks=_rechecks())


def probe_slot(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """The next step of a slot for probes."""
    return slots.run(payload, now, watch=_watch(), heading_for=clock.target())


@jobs.batched
def renew_services(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """The next try of each automatic renewal."""
    return auto_renewal.renew_automatically(payloads, now, rule=auto_renew.rule_of(config()))


@jobs.batched
def earn_begun(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """Paid time that began. Where a sandbox's clock passed over its beginning it is booked at that moment."""
    return earning.earn_when_begun(payloads, now, at_their_moments=config().sandbox)


def _zone() -> ZoneInfo:
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return zone


def customer_demand_over(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """A seller that was asked for a demand said nothing in time."""
    return customer_demands.time_out(payload, now, rules=desk_rules_of(config(), timezone.get_default_timezone()))


def invoice_clock(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Remind a seller of an invoice, or say that it is late."""
    return patience.tick(payload, now, patience=patience.patience_of(config()))


def _settlement() -> SettlementRules:
    return rules_of(config(), zone=_zone(), closes=config().review_day_ends)


TASKS: Mapping[str, jobs.Task] = {
    retention.NIGHTLY: clear_old,
    best_sellers.NIGHTLY: count_best_sellers,
    UNPAID_TIMEOUT: cancel.time_out,
    LIFE: live.live,
    EARN: earn_begun,
    AUTO_RENEW: renew_services,
    refund_requests.CLOCK: refund_requests.unanswered,
    patience.CLOCK: invoice_clock,
    intents.WAITS: intents.expire,
    slots.TIMER: probe_slot,
    tell.QUIET: tell.quiet_is_over,
    digest.DIGEST: digest.send_summary,
    domains.RECHECK: recheck_domain,
    overdue.OVERDUE: overdue.tell_overdue,
    collect.TIMER: collect.run,
    charge.TIMER: charge.run,
    arrears.TIMER: arrears.run,
    stops.TIMER: stops.run,
    complaints.TIMER: complaints.time_out,
    customer_demands.TIMER: customer_demand_over,
    fetch_mails.TIMER: fetch_demand_mails,
    buyer_keys.EXPIRY: buyer_keys.remind_of_expiry,
    **settlement.tasks(_settlement, _next_night),
    **on_servers.TASKS,
    **joint.TASKS,
    **supervised.TASKS,
}
TIMERS = Timers(reacting=TASKS.keys(), passed_over=frozenset({EARN}), mail=DELIVER)
"""Passed over are those that change what is theirs at their own moments, whenever they come, and tell nobody (decision 0050)."""


def _rechecks() -> domains.Rechecks:
    return domains.Rechecks(timedelta(days=config().domain_recheck_days), config().domain_failures)


def _limits() -> Limits:
    return Limits(config().seller_timeout_seconds, config().seller_answer_limit, config().outbound)


def _scope() -> reconcile.Scope:
    settings = config()
    pace = Pace(
        batch=settings.reconcile_batch, at_once=settings.reconcile_at_once, patience=settings.seller_timeout_seconds + 60
    )  # fmt: skip
    return reconcile.Scope(pace=pace, ended=timedelta(days=settings.reconcile_ended_days))


LEASED_TASKS: leased_jobs.LeasedTasks = {
    replay.KIND: replay.task(now=clock.now),
    find_out.KIND: find_out.task(outbound=lambda: config().outbound),
    domains.PROVE: leased_jobs.LeasedTask(
        work=lambda running: domain_proof.look_for_proof(running, outbound=config().outbound),
        ended=lambda job, now: domains.record_proof(job, now, rechecks=_rechecks()),
        longest=timedelta(minutes=2),
    ),
    TRIAL: leased_jobs.LeasedTask(
        work=lambda running: trial_call.try_address(running, limits=_limits()),
        ended=trial_call.record_trial,
        longest=timedelta(minutes=5),
        attempts=2,
    ),
    website.WEBSITE: website.task(config),
    **check_version.tasks(config),
    web_scan.KIND: web_scan.task(config),
    fetch_mails.KIND: fetch_mails.task(config),
    reconcile.KIND: reconcile.task(_scope, clock.now),
    **on_servers.LEASED_TASKS,
    **joint.LEASED_TASKS,
}
"""By kind, what a job that waits for others' servers does."""


def setup(name: str) -> Setup:
    """A worker's engine as the settings of this process describe it."""
    settings = config()
    files = invoice_files.folder(settings.files)
    site = Site(settings.base_url, settings.support_email, files, scans=bool(settings.clamd_url))
    way = deliver_elsewhere.Way(
        site=site, outbound=settings.outbound, within=settings.webhook_timeout_seconds,
        failing=timedelta(days=settings.webhook_failing_days), sms_a_day=settings.sms_a_day,
    )  # fmt: skip
    return Setup(
        name=name,
        limits=_limits(),
        capacity=settings.worker_concurrency,
        per_seller=settings.seller_concurrency,
        probing=probing_of(settings),
        breaker=breaker.Rule(settings.breaker_failures, timedelta(seconds=settings.breaker_pause_seconds)),
        reactions=REACTIONS,
        tasks=TASKS,
        timers=TIMERS,
        judge=findings.judge_call,
        leased_tasks=LEASED_TASKS,
        leased_at_once=settings.leased_jobs_at_once,
        begin=_schedule_nights,
        deliver_mail=lambda now, wall: deliver.deliver_due(now=now, wall=wall, site=site, owner=name),
        deliver_elsewhere=lambda now, wall: deliver_elsewhere.deliver_due(now=now, wall=wall, way=way, owner=name),
        sandbox=settings.sandbox,
    )
