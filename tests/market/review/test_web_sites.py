"""A product with a web site is submitted with its web check, and high findings can be appealed (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import make_operator, make_proof
from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW
from tests.factories.publishable import save_all
from tests.factories.web_tasks import EXPIRED, LOW, REDIRECT, checked, make_web_task
from tests.market.engine import react
from tests.market.review.publishing import pending, ready, submitted
from tradepost.market.assets.models import ProofUse
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts
from tradepost.market.catalog.models import Product, Version
from tradepost.market.notifications.models import Notice
from tradepost.market.review import appeals, decide, web_sites
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission
from tradepost.market.web_scan.models import FalsePositive, ScanUse, WebScan
from tradepost.market.web_scan.standing import State, blocking_findings_of, site_state_of

pytestmark = pytest.mark.django_db
SITE = "https://app.a.example/"
VALID = timedelta(days=90)


def product_with_site(**fields: str) -> Product:
    """Make a product that could be submitted, except for these answers about its web site."""
    product = ready()
    draft = drafts.open_draft(product, by=None, now=NOW)
    document = documents.load(draft.document)
    details = replace(document.details, fields=fields or {"web_site": "yes", "web_site_front": SITE})
    save_all(product, replace(document, details=details), by=owner_of(product.seller), now=NOW)
    return product


def refusals(product: Product) -> dict[str, tuple[str, str]]:
    """Return the refusals, code → field and rule, and check that nothing changed."""
    with pytest.raises(Incomplete) as refused:
        submitted(product)
    assert not Submission.objects.filter(product=product).exists()
    assert Version.objects.get(product=product).status == Version.Status.DRAFT
    return {finding.code: (finding.field, finding.rule) for finding in refused.value.findings}


# --- publishing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"web_site": ""}, "kind.missing", "fields.web_site"),
        ({"web_site": "perhaps"}, "kind.answer", "fields.web_site"),
        ({"web_site": "yes"}, "web_site.address", "fields.web_site_front"),
        ({"web_site": "yes", "web_site_front": "ftp://a"}, "web_site.address", "fields.web_site_front"),
        ({"web_site": "yes", "web_site_admin": SITE}, "web_site.no_task", "task"),
    ],
)
def test_website_question_is_answered_and_its_address_is_valid(
    fields: Mapping[str, str], code: str, field: str
) -> None:
    assert refusals(product_with_site(**fields)) == {code: (field, "business-rules §2.7")}


def test_product_without_a_web_site_needs_no_check() -> None:
    """§2.7: "Required when the product has a front or admin web site"."""
    assert pending(product_with_site(web_site="no", web_site_front=SITE)).status == "pending"
    assert not ScanUse.objects.exists()


def test_passed_site_is_linked_and_listed_with_its_product() -> None:
    """§2.7: "result linked automatically at publish"."""
    product = product_with_site(web_site="yes", web_site_front="app.a.example", web_site_admin=SITE + "admin/")
    run = checked(make_web_task(product.seller), LOW)
    sent = pending(product)
    assert sent.version is not None
    assert web_sites.linked_scans(drafts.owner_of(sent.version)) == [run]
    approve(sent)
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (None, "never"), ({"reached": False}, "unreached"), ({"breaks": True}, "broken"), ({"found": [EXPIRED]}, "blocked"),
        ({"found": [LOW], "now": NOW - timedelta(days=91)}, "expired"),
    ],
)  # fmt: skip
def test_high_finding_or_missing_report_blocks_with_its_rule(ended: dict[str, Any] | None, code: str) -> None:
    product = product_with_site()
    task = make_web_task(product.seller)
    if ended is not None:
        checked(task, *ended.pop("found", ()), **ended)
    assert refusals(product) == {f"web_site.{code}": (f"task.{task.pk}", "business-rules §2.7")}


def test_check_by_another_seller_of_the_same_address_does_not_count() -> None:
    product, other = product_with_site(), ready()
    checked(make_web_task(other.seller), LOW)
    assert refusals(product) == {"web_site.no_task": ("task", "business-rules §2.7")}


def test_high_finding_after_the_submission_stops_the_approval() -> None:
    product = product_with_site()
    task = make_web_task(product.seller)
    checked(task, LOW)
    sent = pending(product)
    checked(task, EXPIRED)
    with pytest.raises(Refused) as refused:
        approve(sent)
    assert (refused.value.code, refused.value.rule) == ("review.web_site", "business-rules §2.7")
    sent.refresh_from_db()
    assert (sent.status, Product.objects.get(pk=product.pk).status) == ("pending", Product.Status.DRAFT)


# --- appeals ------------------------------------------------------------------------------------------------------------


def blocked() -> tuple[Product, WebScan]:
    product = product_with_site()
    return product, checked(make_web_task(product.seller), EXPIRED, REDIRECT, LOW)


def appealed(run: WebScan, *, reason: str = "跳转前有确认页面", proofs: int = 1) -> Submission:
    """Appeal against every blocking finding."""
    hashes = [make_proof(run.seller).sha256 for _ in range(proofs)]
    whys = {finding.fingerprint: reason for finding in blocking_findings_of(run)}
    return appeals.appeal(run, whys, hashes, by=owner_of(run.seller), settings=config(), now=NOW)


def test_accepted_appeal_unblocks_the_site_until_its_evidence_changes() -> None:
    """§2.7: "appeal … upload evidence; status 审核中; decided in 3 wd"."""
    product, run = blocked()
    sent = appealed(run)
    assert (sent.kind, sent.status) == ("appeal", Submission.Status.PENDING)
    assert sent.due_at is not None
    assert timedelta(days=3) <= sent.due_at - NOW <= timedelta(days=6), "three working days"
    assert ProofUse.objects.filter(owner=f"submission:{sent.pk}").exists(), "its documents stay"
    assert "web_site.blocked" in refusals(product)
    with pytest.raises(Refused, match=r"review\.reason"):
        decide.approve(
            sent, checklist=["finding.0", "finding.1"], reason=" ", by=make_operator(), settings=config(), now=NOW
        )
    assert not FalsePositive.objects.exists(), "what is accepted is accepted for a reason that is kept"
    assert approve(sent).reasons == {"appeal": "Seen, and it is so."}
    assert FalsePositive.objects.count() == 2
    checked(run.task, EXPIRED, REDIRECT)
    assert pending(product).status == "pending"
    checked(run.task, replace(REDIRECT, evidence=("next=//x.invalid/",)))
    assert site_state_of(run.seller, SITE, valid=VALID, now=NOW).state is State.BLOCKED


def test_rejected_appeal_changes_nothing_and_gives_the_reason() -> None:
    product, run = blocked()
    sent = appealed(run)
    decide.reject(sent, reasons={"appeal": "证书确已过期。"}, by=make_operator(), settings=config(), now=NOW)
    assert not FalsePositive.objects.exists()
    assert "web_site.blocked" in refusals(product)
    react(now=NOW)
    links = Notice.objects.filter(kind="seller_submission_rejected").values_list("link", flat=True)
    assert set(links) == {f"/seller/web-checks/reports/{run.pk}/"}, "where those who see the tools may read it"
    assert appealed(run).status == Submission.Status.PENDING, "and again, with better evidence"


def test_operator_decides_each_finding() -> None:
    _product, run = blocked()
    sent = appealed(run)
    with pytest.raises(Refused, match="checklist"):
        decide.approve(sent, checklist=["finding.0"], by=make_operator(), settings=config(), now=NOW)
    assert not FalsePositive.objects.exists()


@pytest.mark.parametrize(
    ("reason", "proofs", "code"), [(" ", 1, "appeal.missing"), ("x" * 1001, 1, "appeal.long"), ("x", 0, "appeal.proof")]
)
def test_appeal_without_reason_or_evidence_is_not_sent(reason: str, proofs: int, code: str) -> None:
    _product, run = blocked()
    before = ProofUse.objects.count()
    with pytest.raises(Incomplete) as refused:
        appealed(run, reason=reason, proofs=proofs)
    assert {finding.code for finding in refused.value.findings} == {code}
    assert all(finding.rule == "business-rules §2.7" for finding in refused.value.findings)
    assert not Submission.objects.filter(kind="appeal").exists()
    assert ProofUse.objects.count() == before


def test_appeal_accepts_only_blocking_findings_of_the_newest_report_and_own_evidence() -> None:
    product, run = blocked()
    stranger = "f" * 64
    whys = {finding.fingerprint: "x" for finding in blocking_findings_of(run)}
    low = run.findings.get(code=LOW.code).fingerprint
    for reasons, proof, code in (
        (whys, stranger, "proof.unknown"),
        ({low: "x"}, make_proof(run.seller).sha256, "appeal.none"),
    ):
        with pytest.raises(Incomplete) as refused:
            appeals.appeal(run, reasons, [proof], by=owner_of(run.seller), settings=config(), now=NOW)
        assert [finding.code for finding in refused.value.findings] == [code]
    checked(run.task, EXPIRED)
    with pytest.raises(Incomplete) as refused:
        appealed(run)
    assert [finding.code for finding in refused.value.findings] == ["appeal.report"]
    assert product.seller == run.seller
    assert not Submission.objects.filter(kind="appeal").exists()


def test_one_appeal_per_site_at_a_time() -> None:
    product, run = blocked()
    appealed(run)
    with pytest.raises(Refused, match="open"):
        appealed(checked(run.task, EXPIRED))
    assert Submission.objects.filter(kind="appeal").count() == 1
    second = checked(make_web_task(product.seller, "https://shop.a.example/"), EXPIRED)
    assert appealed(second).status == Submission.Status.PENDING, "another site need not wait for it"


# --- notices ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ({"found": [LOW]}, "web_scan_passed"), ({"found": [EXPIRED]}, "web_scan_high"),
        ({"reached": False}, "web_scan_unreached"), ({"breaks": True}, "web_scan_broken"),
    ],
)  # fmt: skip
def test_members_with_the_tools_menu_are_notified_of_the_result(ended: dict[str, Any], kind: str) -> None:
    product = ready()
    run = checked(make_web_task(product.seller), *ended.pop("found", ()), **ended)
    react(now=NOW)
    [notice] = Notice.objects.filter(kind__startswith="web_scan")
    assert (notice.kind, notice.link) == (kind, f"/seller/web-checks/reports/{run.pk}/")
    assert notice.user == owner_of(product.seller)
