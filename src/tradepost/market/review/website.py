"""Does the website of a company answer? Asked through the guard while its submission is checked (business-rules §1.4).

Refused is what cannot be a website that opens: no such name, nobody there, a page that is missing or broken, a login. A
server that turns programs away (403, 429) is there: the operator looks at it with a browser.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from tradepost.market.base import leased_jobs
from tradepost.market.base.config import Config
from tradepost.market.base.findings import Finding, stored_findings
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound import Bounds, Fetched, NotReached, Why, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.identity.companies import RULE, SECTION, is_login_address

from .contract import Case
from .submit import failed, passed

WEBSITE = "review.website"
"""Kind of the job; its key is the submission's."""
TRIES = 3
REDIRECTS = 5
WITHIN = 10.0
MOST_BYTES = 65_536
LOGIN = "login"


def ask_website(case: Case[Any], url: str) -> None:
    """Have a worker look at it; it then calls ``submit.passed`` or ``submit.failed``."""
    submission = case.stored
    leased_jobs.start(
        WEBSITE, str(submission.pk), seller_id=case.seller.pk, now=case.now,
        payload={"submission": submission.pk, "url": url.strip()},
    )  # fmt: skip


def task(settings: Callable[[], Config], *, pause: float = 3.0) -> LeasedTask:
    """The look itself. ``pause``: seconds between two tries of one that does not answer."""

    def work(running: Running) -> Mapping[str, Any]:
        return _look(running, outbound=settings().outbound, pause=pause)

    def ended(job: LeasedJob, now: datetime) -> None:
        _record(job, settings=settings(), now=now)

    return LeasedTask(work=work, ended=ended)


def _look(running: Running, *, outbound: OutboundPolicy, pause: float) -> Mapping[str, Any]:
    url = str(running.payload["url"])
    found: Mapping[str, Any] = {}
    for number in range(TRIES):
        if number:
            time.sleep(pause)
        running.progress(number, TRIES, url[:200])
        found = _once(url, outbound=outbound)
        if not found or found["why"] == LOGIN:
            break
    return found


def _once(url: str, *, outbound: OutboundPolicy) -> Mapping[str, Any]:
    """What is wrong; empty when it answers."""
    bounds = Bounds(outbound=outbound, within=WITHIN, most_bytes=MOST_BYTES, cut=True, redirects=REDIRECTS)
    try:
        answer = fetch(_ascii(url), bounds)
    except NotReached as away:
        return {"why": str(away.why), "status": 0}
    return _wrong_answer(answer)


def _ascii(url: str) -> str:
    """A host in another script in its xn-- form, as browsers ask for it."""
    scheme, _sep, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    try:
        return f"{scheme}://{host if host.isascii() else host.encode('idna').decode()}{slash}{path}"
    except UnicodeError:
        return url


def _wrong_answer(answer: Fetched) -> Mapping[str, Any]:
    gone = answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    if gone or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return {"why": "status", "status": answer.status}
    return {"why": LOGIN, "status": answer.status} if is_login_address(answer.url) else {}


def _record(job: LeasedJob, *, settings: Config, now: datetime) -> None:
    """A look that the market itself could not make is nobody's fault: the operator makes it."""
    pk, found = int(job.payload["submission"]), job.result or {}
    if job.outcome == LeasedJob.Outcome.DONE and found:
        failed(pk, stored_findings(lambda: _findings(found)), settings=settings, now=now)
    else:
        passed(pk, settings=settings, now=now)


def _findings(found: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding(
        section=SECTION["website"],
        field="website",
        code=f"company.website.{found['why']}",
        words=_words(str(found["why"]), int(found["status"])),
        rule=RULE,
    )


def _words(why: str, status: int) -> str:
    words: Mapping[str, str] = {
        LOGIN: _("The website leads to a login page. Give the address of the company's website."),
        "status": _("The website answered with status %(status)s instead of a page.") % {"status": status},
        Why.ADDRESS: _("The website's address leads to no public server, or to a port on which no website is."),
        Why.DNS: _("The website's name does not exist, or its name servers do not answer."),
        Why.CONNECT: _("Nobody answers at the website's address."),
        Why.TLS: _("The website's certificate is not valid, so browsers refuse to open it."),
        Why.TIMEOUT: _("The website did not answer within %(seconds)s seconds.") % {"seconds": f"{WITHIN:g}"},
        Why.REDIRECTS: _("The website redirects in a circle."),
        Why.NOT_HTTP: _("What answers at the website's address does not speak HTTP."),
    }
    return words.get(why) or _("The website could not be opened.")
