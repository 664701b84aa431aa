"""The engine of a worker, as the settings of this process describe it."""

from __future__ import annotations

from datetime import timedelta

from tradepost.market.base.config import config
from tradepost.market.debugging import findings
from tradepost.market.invoices import invoice_files
from tradepost.market.notifications import deliver, deliver_elsewhere
from tradepost.market.notifications.compose import Site
from tradepost.market.probes.watch import probing_of
from tradepost.market.production import breaker
from tradepost.market.production.engine import Setup

from .jobs import LEASED_TASKS
from .reactions import REACTIONS
from .rules import call_limits
from .timers import TASKS, TIMERS, schedule_nights


def setup(name: str) -> Setup:
    """Return what a worker with this name runs."""
    settings = config()
    files = invoice_files.folder(settings.files)
    site = Site(settings.base_url, settings.branding.support_email, files, scans=bool(settings.assets.clamd_url))
    way = deliver_elsewhere.DeliverySettings(
        site=site, outbound=settings.outbound, within=settings.notifications.webhook_timeout_seconds,
        failing=timedelta(days=settings.notifications.webhook_failing_days), sms_a_day=settings.notifications.sms_a_day,
    )  # fmt: skip
    return Setup(
        name=name,
        limits=call_limits(),
        capacity=settings.production.worker_concurrency,
        per_seller=settings.production.seller_concurrency,
        probing=probing_of(settings.probes),
        breaker=breaker.Rule(
            settings.production.breaker_failures, timedelta(seconds=settings.production.breaker_pause_seconds)
        ),
        reactions=REACTIONS,
        tasks=TASKS,
        timers=TIMERS,
        judge=findings.judge_call,
        leased_tasks=LEASED_TASKS,
        leased_at_once=settings.leased_jobs_at_once,
        begin=schedule_nights,
        deliver_mail=lambda now, wall: deliver.deliver_due(now=now, wall=wall, site=site, owner=name),
        deliver_elsewhere=lambda now, wall: deliver_elsewhere.deliver_due(now=now, wall=wall, way=way, owner=name),
        sandbox=settings.sandbox,
    )
