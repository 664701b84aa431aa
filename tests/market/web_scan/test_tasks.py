"""Tasks and runs: which sites a seller can check, how often, and what a refusal leaves (business-rules §2.7, §17.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.configured import configured
from tests.factories import make_buyer, make_seller
from tests.factories.companies import owner_of
from tests.factories.people import NOW
from tests.factories.tls_sites import https, safe
from tests.factories.web_tasks import CONTACT, EXPIRED, LIMITS, LOW, checked, make_web_task
from tests.market.web_scan.looking import QUICK
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, LeasedJob
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.values import replace
from tradepost.market.identity import domains
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.web_scan import queries, scan, tasks
from tradepost.market.web_scan.models import FalsePositive, WebFinding, WebScan, WebTask
from tradepost.market.web_scan.report import report_of
from tradepost.market.web_scan.retention import SCANS
from tradepost.market.web_scan.standing import (
    State,
    accept,
    blocking_findings_of,
    site_state_of,
    site_state_of_task,
    store_uses,
)

pytestmark = pytest.mark.django_db
VALID = timedelta(days=90)


@pytest.fixture
def seller() -> Seller:
    return make_seller(member=make_buyer(balance="0"))


def state(seller: Seller, url: str = "https://app.a.example/", *, now=NOW) -> State:
    return site_state_of(seller, url, valid=VALID, now=now).state


def create(seller: Seller, url: str, *, contact=CONTACT, outbound: OutboundPolicy = SANDBOX, most: int = 50) -> WebTask:
    return tasks.create_task(seller, url, contact, by=owner_of(seller), outbound=outbound, most=most, now=NOW)


# --- tasks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("app.a.example", "https://app.a.example/"),
        (" HTTPS://APP.a.example:443/x/ ", "https://app.a.example/x/"),
        ("http://app.a.example:8080", "http://app.a.example:8080/"),
    ],
)
def test_address_is_stored_in_one_form(seller: Seller, typed: str, stored: str) -> None:
    domains.verify_without_proof(seller, "app.a.example", now=NOW)
    assert create(seller, typed).url == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", "ftp://app.a.example/", "https://user@app.a.example/", "https://app.a.example/?next=/", "https://app.a.example:22/",
        "https://127.1/", "https://app..example/", "https://app.a.example/\u202e", "https://[::1", "https://app.a.example/a b", "x" * 600,
    ],
)  # fmt: skip
def test_invalid_web_address_is_refused_and_nothing_is_stored(seller: Seller, typed: str) -> None:
    domains.verify_without_proof(seller, "app.a.example", now=NOW)
    with pytest.raises(Refused) as refused:
        create(seller, typed, outbound=PUBLIC)
    assert (refused.value.field, refused.value.rule) == ("url", "business-rules §2.7")
    assert not WebTask.objects.exists()


def test_address_of_the_markets_own_network_is_refused(seller: Seller) -> None:
    with pytest.raises(Refused):
        create(seller, "https://10.0.0.1/", outbound=PUBLIC)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "contact_name"),
        ({"mobile": "call me"}, "contact_mobile"),
        ({"email": "nobody"}, "contact_email"),
    ],
)
def test_contact_is_saved_first(seller: Seller, wrong: dict[str, str], field: str) -> None:
    """§17.10: "contact name, mobile and mail are saved first, then domain proof"."""
    domains.verify_without_proof(seller, "app.a.example", now=NOW)
    with pytest.raises(Refused) as refused:
        create(seller, "https://app.a.example/", contact=replace(CONTACT, **wrong))
    assert (refused.value.field, refused.value.rule) == (field, "business-rules §17.10")
    assert not WebTask.objects.exists()


def test_unregistered_or_unproven_domain_is_not_scanned(seller: Seller) -> None:
    """§2.7: "domain ownership authentication first; unauthenticated task not editable"."""
    with pytest.raises(Refused, match=r"web_task\.domain"):
        create(seller, "https://app.a.example/")
    task = make_web_task(seller, proven=False)
    for act in (
        lambda: scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW),
        lambda: tasks.edit_task(task, task.url, CONTACT, outbound=SANDBOX),
    ):
        with pytest.raises(Refused, match="unproven"):
            act()
    assert not LeasedJob.objects.exists()
    assert not WebScan.objects.exists()
    assert state(seller) is State.UNPROVEN


def test_domain_is_checked_for_one_seller(seller: Seller) -> None:
    """§2.7: "one domain in only one place (other account … refuses); several addresses → several tasks"."""
    make_web_task(seller)
    make_web_task(seller, "https://app.a.example/admin/")
    with pytest.raises(Refused, match="repeated"):
        create(seller, "https://APP.a.example")
    other = make_seller(member=make_buyer(balance="0"))
    with pytest.raises(Refused, match="taken"):
        make_web_task(other)
    assert WebTask.objects.filter(seller=other).count() == 0
    Domain.objects.filter(seller=seller).update(
        status=Domain.Status.LAPSED
    )  # changes the row directly, to test a lapsed proof
    assert make_web_task(other).place == "app.a.example"


def test_sites_on_this_machine_are_distinguished_by_port(seller: Seller) -> None:
    make_web_task(seller, "http://localhost:8001/")
    other = make_seller(member=make_buyer(balance="0"))
    make_web_task(other, "http://localhost:8002/")
    with pytest.raises(Refused, match="taken"):
        make_web_task(other, "http://localhost:8001/x/")


def test_running_task_cannot_be_edited_or_deleted_and_a_proven_one_keeps_its_domain(seller: Seller) -> None:
    """§2.7: "running task neither editable nor deletable; authenticated task cannot change domain"."""
    task = make_web_task(seller)
    domains.verify_without_proof(seller, "other.a.example", now=NOW)
    with pytest.raises(Refused, match="other_domain"):
        tasks.edit_task(task, "https://other.a.example/", CONTACT, outbound=SANDBOX)
    run = scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)
    for act in (lambda: tasks.edit_task(task, task.url, CONTACT, outbound=SANDBOX), lambda: tasks.delete_task(task)):
        with pytest.raises(Refused, match=r"web_task\.runs"):
            act()
    assert WebTask.objects.get().url == task.url
    scan.record(_ended(run, LeasedJob.Outcome.CANCELLED), NOW)
    assert (
        tasks.edit_task(task, "https://app.a.example/new/", CONTACT, outbound=SANDBOX).url
        == "https://app.a.example/new/"
    )
    tasks.delete_task(task)
    assert not WebScan.objects.exists()


def _ended(run: WebScan, outcome: str) -> LeasedJob:
    job = LeasedJob.objects.get(key=str(run.pk))
    job.outcome = outcome
    return job


def test_task_of_a_submitted_product_is_kept(seller: Seller) -> None:
    task = make_web_task(seller)
    store_uses("version:1", [checked(task)])
    with pytest.raises(Refused, match=r"web_task\.used"):
        tasks.delete_task(task)
    assert WebScan.objects.count() == 1


def test_domain_with_web_checks_is_not_deleted(seller: Seller) -> None:
    domain = make_web_task(seller).domain
    with pytest.raises(Refused, match="in_use"):
        domains.delete_domain(domain, used_by=domain.addresses.count() + domain.web_tasks.count())


# --- runs ---------------------------------------------------------------------------------------------------------------


def test_run_is_a_leased_job_whose_end_stores_its_findings(seller: Seller) -> None:
    with https(safe(X_Powered_By="PHP/5.3 <script>alert(1)</script>")) as site:
        task = make_web_task(seller, site.url)
        run = scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)
        assert state(seller, site.url) is State.RUNNING
        kinds = {scan.KIND: _task()}
        assert leased_jobs.run_due(kinds, now=lambda: NOW, wall=lambda: NOW, owner="w") == 1
    run.refresh_from_db()
    assert (run.status, run.ended_at) == ("done", NOW)
    [finding] = WebFinding.objects.filter(scan=run)
    assert (finding.code, finding.severity, len(finding.fingerprint)) == ("headers.version", "low", 64)
    assert Event.objects.get().facts["outcome"] == "done"
    assert state(seller, site.url) is State.PASSED
    scan.record(LeasedJob.objects.get(), NOW)
    assert Event.objects.count() == 1, "its end happens once"


def _task():
    from tests.factories.tls_sites import authority

    return scan.task(lambda: configured(sandbox=True, sslyze=""), budget=QUICK, trust=authority().trust)


def test_run_can_be_stopped_and_a_crashed_run_has_no_verdict(seller: Seller) -> None:
    task = make_web_task(seller)
    run = scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)
    scan.stop(run, now=NOW)
    leased_jobs.run_due({scan.KIND: _task()}, now=lambda: NOW, wall=lambda: NOW, owner="w")
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not Event.objects.exists(), "who stopped it knows"
    checked(task, LOW)
    assert checked(task, breaks=True).status == "broken"
    assert state(seller) is State.PASSED, "what was known before still is"


def test_concurrent_and_daily_runs_are_limited(seller: Seller) -> None:
    """§2.7: "max 5 concurrent tasks"; the day's limit is a setting."""
    web_tasks = [make_web_task(seller, f"https://app.a.example/{n}/") for n in range(6)]
    for task in web_tasks[:5]:
        scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)
    with pytest.raises(Refused, match="at_once") as refused:
        scan.start(web_tasks[5], by=owner_of(seller), limits=LIMITS, now=NOW)
    assert refused.value.status == 429
    with pytest.raises(Refused, match=r"web_scan\.runs"):
        scan.start(web_tasks[0], by=owner_of(seller), limits=LIMITS, now=NOW)
    assert (WebScan.objects.count(), LeasedJob.objects.count()) == (5, 5)
    with pytest.raises(Refused, match="a_day"):
        scan.start(web_tasks[5], by=owner_of(seller), limits=scan.Limits(50, 5), now=NOW)
    later = NOW + timedelta(days=1)
    scan.start(web_tasks[5], by=owner_of(seller), limits=scan.Limits(50, 5), now=later)


def test_runs_of_one_domain_are_sequential(seller: Seller) -> None:
    """§2.7: "same domain runs sequentially"."""
    for n in range(2):
        scan.start(make_web_task(seller, f"https://app.a.example/{n}/"), by=owner_of(seller), limits=LIMITS, now=NOW)
    claimed = leased_jobs.claim({scan.KIND: _task()}, now=NOW, wall=NOW, owner="w", limit=5)
    assert len(claimed) == 1


# --- verdicts -----------------------------------------------------------------------------------------------------------


def test_state_of_a_site(seller: Seller) -> None:
    assert state(seller) is State.NO_TASK
    task = make_web_task(seller)
    assert state(seller) is State.NEVER
    checked(task, reached=False)
    assert state(seller) is State.UNREACHED
    checked(task, LOW, not_tested=[{"check": "tls", "why": "no_scanner", "detail": ""}])
    assert state(seller) is State.PASSED, "what could not be asked blocks nobody"
    assert state(seller, now=NOW + VALID) is State.EXPIRED
    checked(task, reached=False)
    assert state(seller) is State.PASSED, "a site that is down for once takes nothing from its report"
    checked(task, EXPIRED, LOW)
    assert state(seller) is State.BLOCKED
    Domain.objects.update(status=Domain.Status.LAPSED)  # changes the row directly, to test a lapsed proof
    assert state(seller) is State.UNPROVEN


def test_run_that_ends_during_a_read_is_shown_as_running(seller: Seller) -> None:
    """Each statement sees the rows committed before it: the page of a web check failed if its run ended in between."""
    task = make_web_task(seller)
    run = scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)

    def ends_after_the_first(execute: Any, *given: Any) -> Any:
        answer = execute(*given)
        if given[0].startswith("SELECT") and run.status == "running":
            run.status = "done"
            run.save()
        return answer

    with connection.execute_wrapper(ends_after_the_first):
        assert site_state_of_task(task, valid=VALID, now=NOW).state is State.RUNNING
    assert run.status == "done"


def test_named_site_of_a_domain_counts(seller: Seller) -> None:
    front, admin = make_web_task(seller), make_web_task(seller, "https://app.a.example/admin/")
    checked(front, LOW)
    checked(admin, EXPIRED)
    assert state(seller, "https://app.a.example") is State.PASSED
    assert state(seller, "https://app.a.example/admin") is State.BLOCKED
    assert state(seller, "https://app.a.example/third/") is State.BLOCKED, "no task of its own: every one on its domain"


def test_accepted_appeal_unblocks_until_the_evidence_changes(seller: Seller) -> None:
    task = make_web_task(seller)
    run = checked(task, EXPIRED)
    assert (
        accept(run, {blocking_findings_of(run)[0].fingerprint}, submission=1, by="operator@market.example", now=NOW)
        == 1
    )
    assert accept(run, {run.findings.get().fingerprint}, submission=1, by="operator@market.example", now=NOW) == 1
    assert FalsePositive.objects.count() == 1
    assert state(seller) is State.PASSED
    checked(task, EXPIRED)
    assert state(seller) is State.PASSED, "the next run saw the same"
    checked(task, replace(EXPIRED, evidence=("SHA-256 01", "valid 2025")))
    assert state(seller) is State.BLOCKED
    other = make_seller(member=make_buyer(balance="0"))
    checked(make_web_task(other, "https://app.b.example/"), EXPIRED)
    assert state(other, "https://app.b.example/") is State.BLOCKED, "it holds for that site alone"


def test_report_shows_findings_and_untested_checks_in_both_languages(seller: Seller) -> None:
    from django.utils import translation

    run = checked(make_web_task(seller), LOW, EXPIRED, not_tested=[{"check": "tls", "why": "no_scanner", "detail": ""}])
    reports = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            reports[language] = report_of(run)
    english, chinese = reports["en"], reports["zh-hans"]
    assert [finding.finding.code for finding in english.findings] == ["certificate.expired", "headers.nosniff"]
    assert english.findings[0].title == "The certificate has expired"
    assert chinese.findings[0].title == "证书已过期"
    assert english.not_tested[0].title == "TLS versions and ciphers"
    assert any("XSS" in topic for topic in chinese.never_tested)
    assert "Cookies" in english.passed
    assert dict(english.counts) == {"high": 1, "medium": 0, "low": 1, "info": 0}
    assert english.blocking == 1


def test_finding_of_a_later_release_is_shown(seller: Seller) -> None:
    run = checked(make_web_task(seller), LOW)
    WebFinding.objects.update(code="headers.of_tomorrow")  # a row of another release
    WebScan.objects.update(not_tested=[{"check": "tomorrow", "why": "tomorrow", "detail": "x"}])
    run.refresh_from_db()
    assert report_of(run).findings[0].title
    assert report_of(run).not_tested[0].title == "tomorrow"


def test_old_reports_are_deleted_unless_used_or_running(seller: Seller) -> None:
    task = make_web_task(seller)
    used, deleted = checked(task, EXPIRED), checked(task, LOW)
    store_uses("version:1", [used])
    running = scan.start(task, by=owner_of(seller), limits=LIMITS, now=NOW)
    SCANS.old(NOW + timedelta(days=1)).delete()
    assert set(WebScan.objects.values_list("pk", flat=True)) == {used.pk, running.pk}
    assert not WebFinding.objects.filter(scan=deleted.pk).exists()


def test_lists_of_tasks_and_runs(seller: Seller) -> None:
    task = make_web_task(seller)
    checked(task, EXPIRED, LOW)
    [row] = queries.tasks_of(seller, valid=VALID, now=NOW)
    assert (row.high, row.others, row.standing.state) == (1, 1, State.BLOCKED)
    [listed] = queries.scans(queries.ScanFilter(status="done", seller=str(seller.pk))).rows
    assert vars(listed)["high"] == 1
    assert queries.find_task(make_seller(), task.pk) is None
    assert queries.find_scan(make_seller(), listed.pk) is None
    assert queries.sellers_with_tasks() == [seller]


def test_limits_are_those_of_the_section() -> None:
    """shelf.md §2: web_scans_at_once 5."""
    assert scan.limits_of(config().web_scan) == LIMITS
