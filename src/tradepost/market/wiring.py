"""Event → reactions, timer → task, on one screen; and the composition of a worker process from its settings."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.urls import get_resolver
from django.utils import timezone

from tradepost.market.assets.retention import unused_files
from tradepost.market.base import clock, leased_jobs, retention
from tradepost.market.base.config import config
from tradepost.market.base.events import Reactions, on
from tradepost.market.base.files import Files
from tradepost.market.catalog import reactions as catalog
from tradepost.market.catalog.events import (
    ProductFrozen,
    ProductStopped,
    ProductUnfrozen,
    StockEmpty,
    UpgradeRuleLapsed,
)
from tradepost.market.debugging import find_out, findings, replay, saved
from tradepost.market.debugging import retention as debugging_retention
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.fulfilment import advance, live, order_paid
from tradepost.market.fulfilment import retention as fulfilment_retention
from tradepost.market.fulfilment.events import OperationStopped
from tradepost.market.fulfilment.lifecycle import OPERATION
from tradepost.market.fulfilment.timers import LIFE
from tradepost.market.identity import domain_proof, domains, throttling
from tradepost.market.identity import retention as identity_retention
from tradepost.market.identity.events import (
    AgreementPublished,
    CertificationLocked,
    DomainLapsed,
    MemberAccessChanged,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
    SellerAdmitted,
    SellerExited,
    SellerResumed,
    SellerSuspended,
    SigningKeyRotated,
)
from tradepost.market.notifications import debugging_reactions as debugged
from tradepost.market.notifications import deliver
from tradepost.market.notifications import member_reactions as people
from tradepost.market.notifications import product_reactions as products
from tradepost.market.notifications import reactions as tell
from tradepost.market.notifications import retention as notifications_retention
from tradepost.market.notifications import seller_reactions as sellers
from tradepost.market.notifications import service_reactions as services
from tradepost.market.notifications.compose import Site
from tradepost.market.orders import best_sellers, cancel
from tradepost.market.orders import retention as orders_retention
from tradepost.market.orders.events import OrderCancelled, OrderCompleted, OrderPaid, OrderRefunded
from tradepost.market.orders.lifecycle import ORDER
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.payments.events import ToppedUp
from tradepost.market.production import breaker, trial_call
from tradepost.market.production import retention as production_retention
from tradepost.market.production.engine import Engine, Setup
from tradepost.market.production.events import BreakerOpened, CallEnded, CallFailed
from tradepost.market.production.gateway import Limits
from tradepost.market.production.trials import TRIAL
from tradepost.market.review import hand_in, overdue, website
from tradepost.market.review.events import SubmissionDecided, SubmissionOverdue, SubmissionSent
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.web import retention as web_retention
from tradepost.protocols.registry import protocols


def submission_replayed(event: ReplayEnded, now: datetime) -> None:
    """A submission goes on to an operator, or fails, by what the replay of its cases found."""
    hand_in.replayed(event, settings=config(), now=now)


REACTIONS = Reactions(
    [
        on(OrderPaid, order_paid.on_order_paid, tell.on_order_paid, best_sellers.on_order_paid),
        on(OrderCompleted, tell.on_order_completed),
        on(OrderCancelled, tell.on_order_cancelled),
        on(OrderRefunded, tell.on_order_refunded, tell.on_delivery_given_up),
        on(CallFailed, tell.on_call_failed),
        on(CallEnded, advance.on_call_ended, saved.on_call_ended),
        on(ReplayEnded, debugged.on_replay_ended, submission_replayed),
        on(OperationStopped, tell.on_operation_stopped),
        on(BreakerOpened, tell.on_breaker_opened),
        on(ToppedUp, tell.on_topped_up),
        on(SigningKeyRotated, tell.on_signing_key_rotated),
        on(DomainLapsed, people.on_domain_lapsed),
        on(SubmissionSent, sellers.on_submission_sent),
        on(SubmissionDecided, sellers.on_submission_decided),
        on(SubmissionOverdue, sellers.on_submission_overdue),
        on(SellerAdmitted, sellers.on_seller_admitted),
        on(SellerSuspended, catalog.on_seller_standing, sellers.on_seller_suspended),
        on(SellerResumed, catalog.on_seller_standing, sellers.on_seller_resumed),
        on(SellerExited, catalog.on_seller_standing, sellers.on_seller_exited),
        on(CertificationLocked, sellers.on_certification_locked),
        on(AgreementPublished, sellers.on_agreement_published),
        on(MemberJoined, people.on_member_joined),
        on(MemberLeft, people.on_member_left),
        on(MemberAccessChanged, people.on_member_access_changed),
        on(OwnershipTransferred, people.on_ownership_transferred),
        on(SubscriptionEndsSoon, services.on_service_ends_soon),
        on(SubscriptionFrozen, services.on_service_frozen),
        on(SubscriptionUnfrozen, services.on_service_unfrozen),
        on(SubscriptionReleased, services.on_service_released),
        on(ProductFrozen, products.on_product_frozen),
        on(ProductUnfrozen, products.on_product_unfrozen),
        on(ProductStopped, products.on_product_stopped),
        on(StockEmpty, products.on_stock_empty),
        on(UpgradeRuleLapsed, products.on_upgrade_rule_lapsed),
    ]
)

RETENTION: tuple[retention.Rule | retention.Sweep, ...] = (
    *production_retention.rules(fulfilment_retention.ATTEMPTS),
    production_retention.tried_out(debugging_retention.CALLS),
    retention.old_moves(ORDER.name, SUBSCRIPTION.name, OPERATION.name),
    *notifications_retention.RULES,
    orders_retention.QUOTES,
    production_retention.TALLIES,
    web_retention.SESSIONS,
    identity_retention.unconfirmed(),
    identity_retention.INVITATIONS,
    throttling.RULE,
    leased_jobs.RETENTION,
    *unused_files(Files(config().files)),
)
"""What is deleted or emptied when it is old, in the order in which a night goes through it."""


def clear_old(payload: Mapping[str, Any], now: datetime) -> datetime:
    """The next batch of old rows; when nothing is left, the next night."""
    settings = config()
    keep = {rule.setting: getattr(settings, rule.setting) for rule in RETENTION}
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


def _next_night(now: datetime) -> datetime:
    zone = timezone.get_default_timezone()
    return retention.night_after(now, at=config().retention_at, zone=zone, heading_for=clock.target())


def recheck_domain(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Look for the proof of a domain again."""
    return domains.recheck(payload, now, rechecks=_rechecks())


TASKS = {
    retention.NIGHTLY: clear_old,
    best_sellers.NIGHTLY: count_best_sellers,
    UNPAID_TIMEOUT: cancel.time_out,
    LIFE: live.live,
    tell.QUIET: tell.quiet_is_over,
    domains.RECHECK: recheck_domain,
    overdue.OVERDUE: overdue.tell_overdue,
}


def _rechecks() -> domains.Rechecks:
    settings = config()
    return domains.Rechecks(timedelta(days=settings.domain_recheck_days), settings.domain_failures)


def _limits() -> Limits:
    settings = config()
    return Limits(settings.seller_timeout_seconds, settings.seller_answer_limit, settings.sandbox)


LEASED_TASKS: leased_jobs.LeasedTasks = {
    replay.KIND: replay.task(now=clock.now),
    find_out.KIND: find_out.task(sandbox=lambda: config().sandbox),
    domains.PROVE: leased_jobs.LeasedTask(
        work=lambda running: domain_proof.look_for_proof(running, sandbox=config().sandbox),
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
}
"""By kind, what a job that waits for others' servers does."""


def setup(name: str) -> Setup:
    """A worker's engine as the settings of this process describe it."""
    settings = config()
    site = Site(settings.base_url, settings.support_email)
    return Setup(
        name=name,
        limits=_limits(),
        capacity=settings.worker_concurrency,
        per_seller=settings.seller_concurrency,
        breaker=breaker.Rule(settings.breaker_failures, timedelta(seconds=settings.breaker_pause_seconds)),
        reactions=REACTIONS,
        tasks=TASKS,
        judge=findings.judge_call,
        leased_tasks=LEASED_TASKS,
        leased_at_once=settings.leased_jobs_at_once,
        begin=_schedule_nights,
        deliver_mail=lambda now, wall: deliver.deliver_due(now=now, wall=wall, site=site, owner=name),
        sandbox=settings.sandbox,
    )


LOAD_AFTER = 3.0
"""Seconds: a market that starts has a web process that needs the processor first."""


def load() -> None:
    """Import what the first order would otherwise wait for: protocols, and the pages that notices lead to (half a second)."""
    protocols()
    get_resolver().check()


def run_worker(stop: threading.Event, *, name: str) -> None:
    """Run the engine, its reactions, timers and mail until ``stop`` is set. For a process that does nothing else."""
    soon = threading.Timer(LOAD_AFTER, load)
    soon.daemon = True
    soon.start()
    _spare_the_collector()
    try:
        import uvloop
    except ImportError:
        asyncio.run(Engine(setup(name)).run(stop))
    else:
        uvloop.run(Engine(setup(name)).run(stop))


def _spare_the_collector() -> None:
    """What was loaded stays for the life of the process and is never looked through again; what calls leave behind is
    mostly gone by reference counts before a collection would find it. Worth a seventh of a busy worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
