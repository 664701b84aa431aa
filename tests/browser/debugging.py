"""The chapter of history.py about debugging."""

from __future__ import annotations

from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.debugging import debug as verbs
from tradepost.market.debugging import debug_all, find_out, replay
from tradepost.market.debugging.asked import form_of, initial_values
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.production import addresses
from tradepost.market.production.models import Address


def debug(seller_url: str) -> dict[str, str]:
    """Create cases that were saved and replayed, and an address that fails, with the tester's report."""
    address = Address.objects.get(pk=1)
    for activity in ("newInstance", "queryInstance", "refreshInstance", "releaseInstance"):
        debug_case(address, activity)
    wrong = addresses.register(
        address.seller, url=f"{seller_url}/nowhere", protocol=address.protocol, require_body_sign=True, outbound=SANDBOX,
        now=clock.now(),
    )  # fmt: skip
    debug_case(wrong, "queryInstance")
    jobs = [
        replay.start(
            list(DebugCase.objects.all()), about=f"seller:{address.seller_id}", by="demo", now=clock.now(),
            seller_id=address.seller_id,
        ),
        find_out.start(wrong, by="demo", now=clock.now()),
        debug_all.start(wrong, by="demo", now=clock.now()),
    ]  # fmt: skip
    until(lambda: not any(job.open for job in LeasedJob.objects.filter(pk__in=[j.pk for j in jobs])), "the jobs end")
    return {"wrong address": str(wrong.pk)}


def debug_case(address: Address, activity: str, variant: str = "") -> None:
    """Create a test call for the running worker. One that passes is saved as a case."""
    form, now = form_of(address, activity, variant), clock.now()
    run = verbs.debug(form, initial_values(form, now=now), by="demo@qingxie.example", now=now, most=4)
    until(lambda: DebugRun.objects.get(pk=run.pk).ended_at is not None, f"{activity} is answered")
