"""``tradepost reconcile``: compares market and sellers, lists differences, and repairs them with calls where
possible."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.record import Subject
    from tradepost.market.base.models import LeasedJob
    from tradepost.market.fulfilment.models import Drift
    from tradepost.market.identity.models import Seller

POLL_INTERVAL = 0.2
START_TIMEOUT = 60.0
"""Seconds in which a worker should start a comparison or make progress."""
ACTOR = "command line"


def reconcile(*, seller: str = "", fix: bool = False) -> int:
    """Compare the market with its sellers, list the differences, and repair them.

    Uses queries, which a worker of the market sends, and the sellers' last answers. Ends with code 1 while differences remain.

    Parameters
    ----------
    seller
        Only this seller: its number in the console, or the last part of its address in the store.
    fix
        Send the calls that repair differences; those that need a person remain.
    """
    from tradepost.market.base import clock

    open_market(follow_demo=True, existing=True)
    from tradepost.market.fulfilment import reconcile as comparison

    with recorded_act("reconcile", seller=seller) as act:
        seller_found = _find_seller(seller) if seller else None
        act.done(_subject(seller_found))
    if seller_found is not None:
        ended_jobs = [_wait(comparison.start(seller_found, by=ACTOR, now=clock.now()).pk)]
    else:
        ended_jobs = [
            _wait(pk) for pk in comparison.started_jobs(_wait(comparison.start_all(by=ACTOR, now=clock.now()).pk))
        ]
    for job in ended_jobs:
        _report_result(job)
    drifts = list(comparison.open_drifts(seller_found))
    _show(drifts)
    has_failed = any(job.outcome != "done" for job in ended_jobs)
    if fix and drifts:
        with recorded_act("reconcile fix", _subject(seller_found)) as act:
            act.done()
            _fix(drifts)
    return int(has_failed or bool(drifts))


def _find_seller(seller_name: str) -> Seller:
    from tradepost.market.base.numbers import whole_number
    from tradepost.market.identity.models import Seller

    number = whole_number(seller_name)
    seller = Seller.objects.filter(pk=number).first() if number is not None else None
    seller = seller or Seller.objects.filter(slug=seller_name[:96]).first()
    if seller is None:
        raise Refused("reconcile.no_seller", "There is no such seller.")
    return seller


def _subject(seller: Seller | None) -> Subject | None:
    from tradepost.market.audit.record import Subject

    return Subject(kind="seller", id=str(seller.pk), text=seller.name, seller=seller.pk) if seller is not None else None


def _wait(pk: int) -> LeasedJob:
    """Wait for the end of the job; refuse if no worker processes it."""
    from tradepost.market.base.models import LeasedJob

    last_progress, since = (-1, -1), time.monotonic()
    while True:
        job = LeasedJob.objects.get(pk=pk)
        if not job.open:
            return job
        if (job.attempts, job.done) != last_progress:
            last_progress, since = (job.attempts, job.done), time.monotonic()
        if time.monotonic() - since > START_TIMEOUT and not job.attempts:
            raise Refused("reconcile.no_worker", "Nobody began in time: is a worker running? It is done when one is.")
        time.sleep(POLL_INTERVAL)


def _report_result(job: LeasedJob) -> None:
    from tradepost.market.identity.models import Seller

    seller, result = Seller.objects.filter(pk=job.seller_id or 0).first(), job.result or {}
    if job.outcome == "done":
        message = (
            f"{result['services']} services, {result['asked']} asked for, {result['no_answer']} without an answer,"
            f" {result['settled']} settled"
        )
    else:
        message = f"{job.outcome}: {job.error.strip().splitlines()[-1] if job.error.strip() else 'no reason is known'}"
    terminal.out().print(f"{_clean(seller.name if seller else '?')}: {message}", markup=False, highlight=False)


def _show(drifts: Sequence[Drift]) -> None:
    from django.utils import translation
    from rich.table import Table

    if not drifts:
        terminal.print_line("Market and sellers say the same.")
        return
    table = Table("Service", "Instance", "Seller", "Difference", "Repair")
    with translation.override("en"):
        for drift in drifts:
            service = drift.subscription
            table.add_row(
                str(service.pk), _clean(service.instance_id), _clean(drift.seller.name), str(drift.get_what_display()),
                str(drift.get_repair_display()),
            )  # fmt: skip
    terminal.out().print(table)


def _fix(drifts: Sequence[Drift]) -> None:
    from django.utils import translation

    from tradepost.market.base import clock
    from tradepost.market.fulfilment.repair import may_repair, repair

    sent_count = 0
    with translation.override("en"):
        for drift in drifts:
            if not may_repair(drift):
                continue
            try:
                repair(drift, actor=ACTOR, now=clock.now())
            except Refused as refusal:
                terminal.print_line(f"Service {drift.subscription_id}: {refusal.message}")
            else:
                sent_count += 1
    remaining = len(drifts) - sent_count
    terminal.print_line(
        f"{sent_count} repairs are asked for, and compared again in two minutes; {remaining} are left for a person."
    )


def _clean(text: str) -> str:
    """Replace control characters in received text that could affect the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
