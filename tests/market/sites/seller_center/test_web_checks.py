"""Pages of web checks: a task from its form to its report, the appeal, and the console's view (business-rules §2.7)."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import owner_of
from tests.factories.publishable import may_publish
from tests.factories.web_tasks import EXPIRED, LOW, checked, end_run, make_web_task
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.identity import domains
from tradepost.market.identity.models import Seller
from tradepost.market.review.models import Submission
from tradepost.market.web_scan import queries
from tradepost.market.web_scan.models import WebScan, WebTask

pytestmark = pytest.mark.django_db
TYPED = {
    "url": "app.a.example",
    "contact_name": "沈清",
    "contact_mobile": "139 1234 5678",
    "contact_email": "s@a.example",
}
EVIL = '<script>alert("title")</script>'
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def seller() -> Seller:
    return may_publish(now=clock.now())


@pytest.fixture
def page(seller: Seller) -> Client:
    return enter(owner_of(seller))


def test_run_that_ends_while_its_page_is_read_is_shown_with_its_report(
    page: Client, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the page shows it as passed without a report, and never polls again."""
    task = make_web_task(seller, now=clock.now())
    page.post(f"/seller/web-checks/{task.pk}/start/")
    running = queries.running_of

    def ends_first(own: WebTask) -> WebScan | None:
        end_run(LOW, now=clock.now())
        return running(own)

    monkeypatch.setattr(queries, "running_of", ends_first)
    shown = page.get(f"/seller/web-checks/{task.pk}/").content.decode()
    assert "No high finding" in shown
    assert "Web check results" in shown


def test_site_is_registered_checked_and_reported(page: Client, seller: Seller) -> None:
    assert "No websites yet" in page.get("/seller/web-checks/").content.decode()
    domains.verify_without_proof(seller, "app.a.example", now=clock.now())
    answer = page.post("/seller/web-checks/new/", TYPED)
    task = WebTask.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/seller/web-checks/{task.pk}/")
    assert "Never checked" in page.get(f"/seller/web-checks/{task.pk}/").content.decode()
    page.post(f"/seller/web-checks/{task.pk}/start/")
    live = page.get(f"/seller/web-checks/{task.pk}/live/").content.decode()
    assert 'hx-trigger="every 1s"' in live
    assert (
        "This task is running already."
        in page.post(f"/seller/web-checks/{task.pk}/start/", follow=True).content.decode()
    )
    assert WebScan.objects.count() == 1
    end_run(
        LOW,
        replace(EXPIRED, evidence=(EVIL,)),
        not_tested=[{"check": "tls", "why": "no_scanner", "detail": EVIL}],
        now=clock.now(),
    )
    assert "hx-get" not in page.get(f"/seller/web-checks/{task.pk}/live/").content.decode()
    shown = page.get(f"/seller/web-checks/{task.pk}/").content.decode()
    for words in (
        "The certificate has expired",
        "business-rules §2.7",
        "Untested items",
        "SQL injection",
        "no TLS scanner",
    ):
        assert words in shown
    assert EVIL not in shown
    assert "&lt;script&gt;alert" in shown
    assert "1 high, 1 other" in page.get("/seller/web-checks/").content.decode()


@pytest.mark.parametrize(
    ("field", "message"), [("url", "ftp://a"), ("contact_mobile", "soon"), ("contact_email", "x"), ("url", "")]
)
def test_wrong_value_is_shown_beside_its_field_and_the_input_stays(
    page: Client, seller: Seller, field: str, message: str
) -> None:
    domains.verify_without_proof(seller, "app.a.example", now=clock.now())
    answer = page.post("/seller/web-checks/new/", {**TYPED, field: message})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "沈清" in answer.content.decode()
    assert not WebTask.objects.exists()


def test_task_is_changed_and_deleted(page: Client, seller: Seller) -> None:
    task = make_web_task(seller, now=clock.now())
    answer = page.post(f"/seller/web-checks/{task.pk}/edit/", {**TYPED, "url": "https://other.example/"})
    assert answer.status_code == 422
    page.post(f"/seller/web-checks/{task.pk}/edit/", {**TYPED, "url": "https://app.a.example/start/"})
    task.refresh_from_db()
    assert (task.url, task.contact_mobile) == ("https://app.a.example/start/", "139 1234 5678")
    page.post(f"/seller/web-checks/{task.pk}/start/")
    page.post(f"/seller/web-checks/{task.pk}/delete/")
    assert WebTask.objects.exists(), "it runs"
    page.post(f"/seller/web-checks/{task.pk}/stop/")
    end_run(now=clock.now())
    assert WebScan.objects.get().status == "cancelled"
    page.post(f"/seller/web-checks/{task.pk}/delete/")
    assert not WebTask.objects.exists()


def test_unproven_domain_links_to_its_proof(page: Client, seller: Seller) -> None:
    task = make_web_task(seller, proven=False, now=clock.now())
    shown = page.get(f"/seller/web-checks/{task.pk}/").content.decode()
    assert f"/seller/domains/{task.domain_id}/" in shown
    assert "Check now" not in shown
    refused = page.post(f"/seller/web-checks/{task.pk}/start/", follow=True).content.decode()
    assert "Verify the domain" in refused
    assert not WebScan.objects.exists()
    assert "Delete the domain" not in page.get(f"/seller/domains/{task.domain_id}/").content.decode()


def appeal(page: Client, run: WebScan, **more: object):
    finding = run.findings.get(severity="high").fingerprint
    data = {f"finding.{finding}": "on", f"why.{finding}": "已更换证书", **more}
    return page.post(f"/seller/web-checks/reports/{run.pk}/appeal/", data)


def test_appeal_is_sent_with_a_document_followed_and_withdrawn(page: Client, seller: Seller) -> None:
    run = checked(make_web_task(seller, now=clock.now()), EXPIRED, LOW, now=clock.now())
    form = page.get(f"/seller/web-checks/reports/{run.pk}/appeal/").content.decode()
    assert "The certificate has expired" in form
    assert "X-Content-Type-Options" not in form, "what does not block needs no appeal"
    refused = appeal(page, run)
    assert refused.status_code == 422
    assert "已更换证书" in refused.content.decode()
    assert not Submission.objects.filter(kind="appeal").exists()
    assert appeal(page, run, proof0_file=SimpleUploadedFile("证书.pdf", PDF)).status_code == 302
    sent = Submission.objects.get(kind="appeal")
    shown = page.get(f"/seller/web-checks/reports/{run.pk}/").content.decode()
    assert "An operator decides it by" in shown
    assert (
        "An appeal about this is being decided"
        in page.get(f"/seller/web-checks/reports/{run.pk}/appeal/").content.decode()
    )
    assert "Appeal against findings" in page.get(f"/seller/submissions/{sent.pk}/").content.decode()
    page.post(f"/seller/web-checks/reports/{run.pk}/withdraw/")
    sent.refresh_from_db()
    assert sent.status == "withdrawn"


def test_task_with_an_open_appeal_cannot_be_deleted(page: Client, seller: Seller) -> None:
    """§2.7: an operator decides the appeal with its report, so the seller keeps the task until then."""
    run = checked(make_web_task(seller, now=clock.now()), EXPIRED, now=clock.now())
    appeal(page, run, proof0_file=SimpleUploadedFile("a.pdf", PDF))
    sent, console = Submission.objects.get(kind="appeal"), enter(make_operator())
    refused = page.post(f"/seller/web-checks/{run.task_id}/delete/", follow=True).content.decode()
    assert "An appeal against a report of this task is in review." in refused
    assert WebScan.objects.filter(pk=run.pk).exists()
    review = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert console.get(f"/console/web-checks/{run.pk}/").status_code == 200
    assert f'"/console/web-checks/{run.pk}/"' in review
    page.post(f"/seller/web-checks/reports/{run.pk}/withdraw/")
    correct = f"/seller/web-checks/reports/{run.pk}/appeal/"
    assert correct in page.get(f"/seller/submissions/{sent.pk}/").content.decode()
    page.post(f"/seller/web-checks/{run.task_id}/delete/")
    assert not WebTask.objects.exists()
    assert correct not in page.get(f"/seller/submissions/{sent.pk}/").content.decode()
    review = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert f"/console/web-checks/{run.pk}/" not in review


def test_document_of_the_first_try_is_kept_for_the_second(page: Client, seller: Seller) -> None:
    run = checked(make_web_task(seller, now=clock.now()), EXPIRED, now=clock.now())
    finding = run.findings.get().fingerprint
    where = f"/seller/web-checks/reports/{run.pk}/appeal/"
    first = page.post(where, {f"finding.{finding}": "on", "proof0_file": SimpleUploadedFile("a.pdf", PDF)})
    assert first.status_code == 422
    [document] = [field.sha256 for field in first.context["fields"] if field.sha256]
    assert appeal(page, run, proof0=document).status_code == 302
    bad = page.post(where, {f"finding.{finding}": "on", "proof0_file": SimpleUploadedFile("a.pdf", b"no")})
    assert bad.status_code == 422


def test_operator_sees_every_check_and_decides_the_appeal(page: Client, seller: Seller) -> None:
    run = checked(make_web_task(seller, now=clock.now()), replace(EXPIRED, evidence=(EVIL,)), now=clock.now())
    appeal(page, run, proof0_file=SimpleUploadedFile("a.pdf", PDF))
    sent, console = Submission.objects.get(kind="appeal"), enter(make_operator())
    listed = console.get("/console/web-checks/").content.decode()
    assert "https://app.a.example/" in listed
    assert "No web checks found" in console.get("/console/web-checks/?status=broken").content.decode()
    report = console.get(f"/console/web-checks/{run.pk}/").content.decode()
    assert f"/console/reviews/{sent.pk}/" in report
    assert "沈清" in report
    review = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert f"/console/web-checks/{run.pk}/" in review
    assert EVIL not in report + review
    assert "已更换证书" in review
    decision = {"checklist": "finding.0", "reason": "The new certificate is there."}
    answer = console.post(f"/console/reviews/{sent.pk}/approve/", decision)
    assert answer.status_code == 302
    assert (
        "Marked as false positive by the operator" in page.get(f"/seller/web-checks/reports/{run.pk}/").content.decode()
    )
    assert (
        "You can submit a product with this website until"
        in page.get(f"/seller/web-checks/{run.task_id}/").content.decode()
    )
    assert console.get("/console/web-checks/999999/").status_code == 404
