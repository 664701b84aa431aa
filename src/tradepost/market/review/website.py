"""Check whether the website of a company responds, through the guard, while its submission is checked (business-rules
§1.4).

Refuses what cannot be an open website: an unknown name, no server, a missing or broken page, a login page. A server
that rejects programs (403, 429) exists: the operator opens it with a browser."""

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
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound import Bounds, FailureReason, FetchedResponse, NoResponse, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.identity.companies import RULE, SECTION, is_login_address

from .contract import Case
from .submit import record_failed_checks, record_passed_checks

WEBSITE = "review.website"
"""Kind of the job; its key is the submission's."""
MAX_TRIES = 3
MAX_REDIRECTS = 5
TIMEOUT = 10.0
MAX_BYTES = 65_536
LOGIN = "login"


def start_website_check(case: Case[Any], url: str) -> None:
    """Start a job that checks it and then calls ``submit.record_passed_checks`` or ``submit.record_failed_checks``."""
    submission = case.stored
    leased_jobs.start(
        WEBSITE, str(submission.pk), seller_id=case.seller.pk, now=case.now,
        payload={"submission": submission.pk, "url": url.strip()},
    )  # fmt: skip


def task(settings: Callable[[], Config], *, pause: float = 3.0) -> LeasedTask:
    """Return the leased task. ``pause``: seconds between two tries of a site that does not respond."""

    def work(running: RunningJob) -> Mapping[str, Any]:
        return _check_site(running, outbound=settings().outbound, pause=pause)

    def ended(job: LeasedJob, now: datetime) -> None:
        _record(job, settings=settings(), now=now)

    return LeasedTask(work=work, ended=ended)


def _check_site(running: RunningJob, *, outbound: OutboundPolicy, pause: float) -> Mapping[str, Any]:
    url = str(running.payload["url"])
    problem: Mapping[str, Any] = {}
    for number in range(MAX_TRIES):
        if number:
            time.sleep(pause)
        running.progress(number, MAX_TRIES, url[:200])
        problem = _request_once(url, outbound=outbound)
        if not problem or problem["why"] == LOGIN:
            break
    return problem


def _request_once(url: str, *, outbound: OutboundPolicy) -> Mapping[str, Any]:
    """Return the problem; empty if the site responds."""
    bounds = Bounds(outbound=outbound, within=TIMEOUT, most_bytes=MAX_BYTES, cut=True, redirects=MAX_REDIRECTS)
    try:
        answer = fetch(_ascii(url), bounds)
    except NoResponse as failure:
        return {"why": str(failure.why), "status": 0}
    return _problem_in(answer)


def _ascii(url: str) -> str:
    """Return the URL with an internationalised host in xn-- form, as browsers request it."""
    scheme, _sep, remainder = url.partition("://")
    host, slash, path = remainder.partition("/")
    try:
        return f"{scheme}://{host if host.isascii() else host.encode('idna').decode()}{slash}{path}"
    except UnicodeError:
        return url


def _problem_in(answer: FetchedResponse) -> Mapping[str, Any]:
    is_missing = answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    if is_missing or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return {"why": "status", "status": answer.status}
    return {"why": LOGIN, "status": answer.status} if is_login_address(answer.url) else {}


def _record(job: LeasedJob, *, settings: Config, now: datetime) -> None:
    """Record the result. If the market itself could not check, the operator does."""
    pk, problem = int(job.payload["submission"]), job.result or {}
    if job.outcome == LeasedJob.Outcome.DONE and problem:
        record_failed_checks(pk, stored_findings(lambda: _findings(problem)), settings=settings, now=now)
    else:
        record_passed_checks(pk, settings=settings, now=now)


def _findings(problem: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding(
        section=SECTION["website"],
        field="website",
        code=f"company.website.{problem['why']}",
        words=_failure_message(str(problem["why"]), int(problem["status"])),
        rule=RULE,
    )


def _failure_message(reason: str, status: int) -> str:
    messages: Mapping[str, str] = {
        LOGIN: _("The website leads to a login page. Enter the address of the company's website."),
        "status": _("The website answered with status %(status)s instead of a page.") % {"status": status},
        FailureReason.ADDRESS: _(
            "The website's address does not point to a public server, or its port is not a website port."
        ),
        FailureReason.DNS: _("The website's name does not exist, or its name servers do not answer."),
        FailureReason.CONNECT: _("The website address does not respond."),
        FailureReason.TLS: _("The website's certificate is not valid, so browsers refuse to open it."),
        FailureReason.TIMEOUT: _("The website did not answer within %(seconds)s seconds.")
        % {"seconds": f"{TIMEOUT:g}"},
        FailureReason.REDIRECTS: _("The website redirects in a loop."),
        FailureReason.NOT_HTTP: _("The server at the website address does not respond over HTTP."),
    }
    return messages.get(reason) or _("The website could not be opened.")
