"""The website check of a company, against servers on this machine that behave well, behave badly, or do not exist."""

from __future__ import annotations

import pytest

from tests.factories.companies import applicant, company, draft, send
from tests.factories.people import NOW
from tests.factories.websites import site
from tradepost.market.assets import file_scans
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import Config, config
from tradepost.market.base.models import LeasedJob
from tradepost.market.review import website
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
REAL = Config(sandbox=False)


def check_website(url: str, settings: Config | None = None) -> Submission:
    """Return the result of an application with this website after a worker checked it."""
    sent = send(draft(applicant(), company(website=url)))
    tasks = {website.WEBSITE: website.task(lambda: settings or config(), pause=0)}
    assert leased_jobs.run_due(tasks, now=lambda: NOW, wall=lambda: NOW, owner="w") == 1
    sent.refresh_from_db()
    return sent


@pytest.mark.parametrize(("status", "location"), [(200, ""), (302, "/home"), (403, ""), (405, "")])
def test_responding_website_passes_even_if_it_refuses_programs(status: int, location: str) -> None:
    """business-rules §1.4: it must open. A right website is never refused by a program."""
    with site(status, location) as url:
        assert check_website(url).status == "pending"


@pytest.mark.parametrize(
    ("status", "location", "code"),
    [(404, "", "status"), (500, "", "status"), (302, "/account/login/", "login"), (302, "/again", "redirects")],
)
def test_unreachable_website_fails_with_its_reason(status: int, location: str, code: str) -> None:
    with site(status, location, circle=code == "redirects") as url:
        sent = check_website(url)
    assert sent.status == "failed"
    [finding] = sent.findings
    assert (finding["field"], finding["code"]) == ("website", f"company.website.{code}")
    assert finding["rule"] == "business-rules §1.4"
    assert finding["words"]["zh"] != finding["words"]["en"]


def test_missing_server_fails() -> None:
    assert check_website("http://127.0.0.1:9/").findings[0]["code"] == "company.website.connect"


def test_real_market_checks_no_address_of_its_own_network() -> None:
    """The guard of outbound calls: an applicant cannot make the market look into its own network."""
    with site() as url:
        assert check_website(url, REAL).findings[0]["code"] == "company.website.address"


def test_check_that_failed_in_the_market_is_left_to_the_operator() -> None:
    sent = send(draft(applicant()))
    job = LeasedJob.objects.exclude(kind=file_scans.KIND).get()
    job.outcome = LeasedJob.Outcome.FAILED
    website.task(config).ended(job, NOW)
    sent.refresh_from_db()
    assert sent.status == "pending"
