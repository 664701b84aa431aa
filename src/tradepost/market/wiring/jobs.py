"""Leased job → task: work that waits for other servers, outside of any transaction."""

from __future__ import annotations

from datetime import timedelta

from tradepost.market.assets import check_version
from tradepost.market.auth_centre import personal as auth_centre_personal
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.leased_jobs import LeasedTask, LeasedTasks
from tradepost.market.debugging import background
from tradepost.market.exports.order import COPY_KIND
from tradepost.market.fulfilment import reconcile
from tradepost.market.identity import domain_proof, domains, group_check
from tradepost.market.images import worker as servers
from tradepost.market.organisations import import_members, password_files
from tradepost.market.personal_data import erase
from tradepost.market.personal_data import export as personal_export
from tradepost.market.production import trial_call
from tradepost.market.production.trials import TRIAL_JOB
from tradepost.market.review import website
from tradepost.market.service_desk import fetch_mails
from tradepost.market.web.pages import export_job
from tradepost.market.web_scan import scan as web_scan

from .rules import call_limits, domain_rechecks, reconcile_scope

LEASED_TASKS: LeasedTasks = {
    **background.tasks(now=clock.now, outbound=lambda: config().outbound),
    domains.PROVE: LeasedTask(
        work=lambda running: domain_proof.run_proof_check(running, outbound=config().outbound),
        ended=lambda job, now: domains.record_proof(job, now, rechecks=domain_rechecks()),
        longest=timedelta(minutes=2),
    ),
    group_check.KIND: LeasedTask(
        work=lambda running: group_check.check_groups(running, outbound=config().outbound),
        ended=lambda job, now: group_check.record_answer(job, now, wall=clock.wall()),
        longest=timedelta(minutes=2),
    ),
    TRIAL_JOB: LeasedTask(
        work=lambda running: trial_call.try_address(running, limits=call_limits()),
        ended=trial_call.record_trial,
        longest=timedelta(minutes=5),
        attempts=2,
    ),
    website.WEBSITE: website.task(config),
    **check_version.tasks(config),
    web_scan.KIND: web_scan.task(config),
    fetch_mails.KIND: fetch_mails.task(config),
    reconcile.KIND: reconcile.task(reconcile_scope, clock.now),
    **servers.LEASED_TASKS,
    **import_members.tasks(config, clock.now),
    password_files.MAKE: password_files.task(clock.now),
    **export_job.tasks(),
    erase.KIND: LeasedTask(
        work=lambda running: erase.work(running, files=config().files), ended=erase.end, longest=timedelta(hours=6)
    ),
    COPY_KIND: LeasedTask(
        work=lambda running: personal_export.work(
            running, files=config().files, more=auth_centre_personal.EXPORTED, now=clock.now()
        ),
        ended=lambda job, now: personal_export.end(job, now, files=config().files),
        longest=timedelta(hours=6),
        attempts=2,
        at_once=1,
    ),
}
"""Task by kind of job."""
