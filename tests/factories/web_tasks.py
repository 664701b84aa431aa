"""Web sites of sellers that are checked, with runs that ended in any way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.factories.companies import owner_of
from tests.factories.people import NOW
from tradepost.market.base import leased_jobs
from tradepost.market.base.leased_jobs import LeasedTask
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX
from tradepost.market.identity import domains
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.web_scan import scan, tasks
from tradepost.market.web_scan.contract import SiteFinding
from tradepost.market.web_scan.models import WebScan, WebTask
from tradepost.market.web_scan.tasks import Contact

CONTACT = Contact(name="沈清", mobile="+86 139 1234 5678", email="shen@qingxie.example")
LIMITS = scan.Limits(at_once=5, a_day=20)
EXPIRED = SiteFinding(code="certificate.expired", where="app.a.example:443", evidence=("SHA-256 00", "valid 2025"))
LOW = SiteFinding(code="headers.nosniff", where="https://app.a.example/")
REDIRECT = SiteFinding(
    code="open_redirect.found", where="https://app.a.example/go", evidence=("next=https://x.invalid/",)
)


def make_web_task(
    seller: Seller, url: str = "https://app.a.example/", *, proven: bool = True, now: datetime = NOW
) -> WebTask:
    """Return a site on a domain of this seller, which is registered with it."""
    host = urlsplit(url).hostname or ""
    if proven:
        domains.verify_without_proof(seller, host, now=now)
    elif not Domain.objects.filter(seller=seller, host=host).exists():
        domains.register_domain(seller, host, outbound=PUBLIC, most=50, now=now)
    return tasks.create_task(seller, url, CONTACT, by=owner_of(seller), outbound=SANDBOX, most=50, now=now)


def checked(
    task: WebTask, *found: SiteFinding, reached: bool = True, breaks: bool = False,
    not_tested: Sequence[Mapping[str, str]] = (), now: datetime = NOW,
) -> WebScan:  # fmt: skip
    """Return a task with a run that ended with these findings."""
    run = scan.start(task, by=owner_of(task.seller), limits=LIMITS, now=now)
    end_run(*found, reached=reached, breaks=breaks, not_tested=not_tested, now=now)
    run.refresh_from_db()
    return run


def end_run(
    *found: SiteFinding, reached: bool = True, breaks: bool = False, not_tested: Sequence[Mapping[str, str]] = (),
    now: datetime = NOW,
) -> None:  # fmt: skip
    """End the current run with these findings."""

    def work(_running: leased_jobs.RunningJob) -> Mapping[str, Any]:
        if breaks:
            raise RuntimeError("the market's own fault")
        plain = [scan._stored_finding(one) for one in found]  # as the scan itself returns it
        return {"found": plain, "not_tested": list(not_tested), "requests": 7, "reached": reached}

    kinds = {scan.KIND: LeasedTask(work=work, ended=scan.record, attempts=1)}
    assert leased_jobs.run_due(kinds, now=lambda: now, wall=lambda: now, owner="t") == 1
