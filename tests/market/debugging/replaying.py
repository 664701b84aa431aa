"""Cases saved and replayed against a server of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.check.kit_seller import KEY, any_seller
from tests.factories import make_address, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State
from tradepost.market.debugging.asked import form_of, initial_values
from tradepost.market.debugging.debug import debug
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.production.models import Address


@contextmanager
def served(place: Path) -> Iterator[Address]:
    """The address of a running kit server, with a running worker."""
    with running(any_seller(place, "saas_v2")) as url, working():
        yield make_address(make_seller(signing_key=KEY, now=clock.now()), url=url, now=clock.now())


def save_cases(address: Address, *activities: str) -> list[DebugCase]:
    """Debug and save each case, as a person does."""
    for activity in activities:
        form, now = form_of(address, activity), clock.now()
        run = debug(form, initial_values(form, now=now), by="zhang", now=now, most=4)
        until(lambda run=run: DebugRun.objects.get(pk=run.pk).ended_at is not None, what=activity)  # type: ignore[misc]
        assert DebugRun.objects.get(pk=run.pk).passed, activity
    return list(DebugCase.objects.filter(address=address).order_by("pk"))


def finished_job(job: LeasedJob) -> LeasedJob:
    until(lambda: LeasedJob.objects.get(pk=job.pk).state == State.ENDED, within=60, what="the job ends")
    return LeasedJob.objects.get(pk=job.pk)
