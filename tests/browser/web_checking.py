"""The chapter of history.py about web checks: three sites of the demo's seller, checked by the running worker."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.factories.companies import owner_of
from tests.factories.pictures import make_proof
from tests.factories.tls_sites import Answer, Running, redirect, safe, serving
from tests.factories.web_tasks import CONTACT, LIMITS
from tests.waiting import until
from tradepost.market.base.outbound_policy import SANDBOX


def web_check(_seller_url: str) -> dict[str, str]:
    """Create a checked site with an open redirect, another that was appealed, and one that was not checked."""
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity import domains
    from tradepost.market.production.models import Address
    from tradepost.market.review import appeals
    from tradepost.market.web_scan import scan, tasks
    from tradepost.market.web_scan.models import WebScan
    from tradepost.market.web_scan.standing import blocking_findings_of

    seller, now = Address.objects.select_related("seller").get(pk=1).seller, clock.now()
    owner = owner_of(seller)
    domains.verify_without_proof(seller, "localhost", now=now)

    def looked_at(site: Running) -> WebScan:
        task = tasks.create_task(seller, site.url, CONTACT, by=owner, outbound=SANDBOX, most=50, now=now)
        run = scan.start(task, by=owner, limits=LIMITS, now=now)
        until(lambda: WebScan.objects.get(pk=run.pk).status == WebScan.Status.DONE, "the site is checked")
        return run

    with serving(_pages) as first, serving(_pages) as second:
        checked, appealed = looked_at(first), looked_at(second)
    whys = {
        finding.fingerprint: "跳转前会显示确认页面，由用户决定是否继续。" for finding in blocking_findings_of(appealed)
    }
    sent = appeals.appeal(
        appealed, whys, [make_proof(seller).sha256], by=owner, settings=config(), now=clock.now()
    )  # fmt: skip
    new = tasks.create_task(seller, "http://localhost:9/", CONTACT, by=owner, outbound=SANDBOX, most=50, now=now)
    return {
        "web task": str(checked.task_id), "web report": str(checked.pk), "new web task": str(new.pk),
        "appealed web report": str(appealed.pk), "appeal submission": str(sent.pk),
    }  # fmt: skip


def _pages(path: str) -> Answer:
    to = parse_qs(urlsplit(path).query).get("next", [""])[0]
    if "invalid" in to:
        return redirect(to)
    return safe('<a href="/go?next=/">go</a>', without=["Content-Security-Policy"], Set_Cookie="session=1; Path=/")
