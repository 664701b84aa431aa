"""Life of a submission: written, checked, decided, corrected; permissions, and that a refusal changes nothing."""

from __future__ import annotations

import pytest

from tests.factories.companies import admitted, applicant, approve, company, draft, owner_of, pending, send, typed
from tests.factories.people import NOW, make_operator
from tradepost.market.assets import file_scans
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job, LeasedJob, Move
from tradepost.market.identity.company_models import Company
from tradepost.market.identity.models import Member, Seller
from tradepost.market.review import decide, drafts, submit
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission
from tradepost.market.review.overdue import OVERDUE, report_overdue

pytestmark = pytest.mark.django_db
STATUS = Submission.Status


def test_company_registers_and_becomes_a_seller_with_its_data() -> None:
    """business-rules §1.4: form, review, admission."""
    seller = applicant()
    assert seller.status == Seller.Status.APPLICANT
    document = company(name_en="Qingxie Software")
    sent = send(draft(seller, document))
    assert (sent.status, sent.sent_at, sent.due_at) == (STATUS.CHECKING, NOW, None)
    assert len(sent.sha256) == 64
    assert LeasedJob.objects.exclude(kind=file_scans.KIND).get().payload["url"] == document.website
    submit.record_passed_checks(sent.pk, settings=config(), now=NOW)
    sent.refresh_from_db()
    assert sent.status == STATUS.PENDING
    assert sent.due_at is not None
    assert approve(sent).status == STATUS.APPROVED
    seller.refresh_from_db()
    assert (seller.status, seller.slug, seller.contact_email) == ("active", "qingxie-software", document.service_email)
    company_row = Company.objects.get(seller=seller)
    assert (company_row.registration_number, company_row.capital, company_row.staff) == (
        document.registration_number,
        5_000_000,
        42,
    )
    moves = list(Move.objects.filter(lifecycle="submission").order_by("pk").values_list("event", flat=True))
    assert moves == ["submit", "pass", "approve"]
    assert not Job.objects.filter(kind=OVERDUE).exists(), "what is decided is not overdue"
    accepted = seller.acceptances.get()
    assert (accepted.agreement.kind, accepted.by_email) == ("seller", owner_of(seller).email)


def test_missing_value_is_shown_beside_its_field_and_nothing_is_sent() -> None:
    written = draft(applicant(), company(capital="499,999", logo="-", about="x" * 30 + " www.evil.example"))
    before = Submission.objects.values().get()
    with pytest.raises(Incomplete) as refused:
        submit.submit(written, by=owner_of(written.seller), settings=config(), now=NOW)
    findings = {finding.field.partition("_2")[0]: finding for finding in refused.value.findings}
    assert {"capital", "logo", "about"} < set(findings)
    assert any(field.startswith("agreement") for field in findings)
    assert all(finding.rule.startswith("business-rules §1.") for finding in refused.value.findings)
    assert refused.value.status == 422
    assert Submission.objects.values().get() == before
    assert not LeasedJob.objects.exclude(kind=file_scans.KIND).exists()


def test_draft_keeps_invalid_values_and_no_tab_overwrites_another() -> None:
    written = draft(applicant(), company(capital="much"))
    assert written.document["capital"] == "much"
    drafts.save(written, {"staff": "20"}, revision=written.revision, now=NOW)
    with pytest.raises(Refused) as refused:
        drafts.save(written, {"staff": "30"}, revision=written.revision, now=NOW)
    assert (refused.value.code, refused.value.status) == ("draft.changed", 409)
    written.refresh_from_db()
    assert written.document["staff"] == "20"
    drafts.save(written, {"staff": "20"}, revision=0, now=NOW)  # the same data again is no conflict


def test_seller_has_one_draft_and_one_open_submission_of_a_kind() -> None:
    seller = applicant()
    first = draft(seller)
    assert drafts.begin("enter", seller, by=owner_of(seller), now=NOW).pk == first.pk
    send(first)
    with pytest.raises(Refused, match=r"submission\.open"):
        drafts.begin("enter", seller, by=owner_of(seller), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        send(first)
    assert Submission.objects.count() == 1


def test_each_subject_has_one_open_submission() -> None:
    """A seller can have several subjects decided at once, each separately: two files, two appeals."""
    seller = applicant()
    first, reopened, second = (
        drafts.begin("enter", seller, by=owner_of(seller), now=NOW, document=company(), about=about)
        for about in ("thing:1", "thing:1", "thing:2")
    )
    assert (first.pk, first.about) == (reopened.pk, "thing:1")
    assert second.pk != first.pk


def test_rejected_submission_is_corrected_sent_again_and_approved() -> None:
    """Must show 1: refused once with a reason, corrects, is approved. What was rejected stays as evidence."""
    seller = applicant()
    first = pending(draft(seller))
    operator = make_operator()
    for wrong in ({}, {"presence": "  "}, {"nowhere": "x"}, {"presence": "x" * 1001}):
        with pytest.raises(Refused, match=r"review\.reasons"):
            decide.reject(first, reasons=wrong, by=operator, settings=config(), now=NOW)
    first.refresh_from_db()
    assert first.status == STATUS.PENDING
    decide.reject(first, reasons={"presence": "Logo 模糊"}, by=operator, settings=config(), now=NOW)
    corrected = drafts.correct(Submission.objects.get(pk=first.pk), by=owner_of(seller), now=NOW)
    assert (corrected.status, corrected.earlier_id, corrected.document) == (STATUS.DRAFT, first.pk, first.document)
    approve(pending(corrected), by=operator)
    first.refresh_from_db()
    assert (first.status, first.reasons) == (STATUS.REJECTED, {"presence": "Logo 模糊"})
    seller.refresh_from_db()
    assert seller.is_selling


def test_submission_is_withdrawn_before_the_decision_and_not_after() -> None:
    seller = applicant()
    sent = pending(draft(seller))
    decide.withdraw(sent, by=owner_of(seller), settings=config(), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        decide.withdraw(sent, by=owner_of(seller), settings=config(), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        approve(sent)
    assert drafts.correct(Submission.objects.get(pk=sent.pk), by=owner_of(seller), now=NOW).status == STATUS.DRAFT


def test_approval_needs_every_point_and_a_second_person() -> None:
    seller = applicant()
    sent, operator = pending(draft(seller)), make_operator()
    with pytest.raises(Refused, match=r"review\.checklist"):
        decide.approve(sent, checklist=["registered"], by=operator, settings=config(), now=NOW)
    Member.objects.create(seller=seller, user=operator, role=Member.Role.MEMBER)
    for decided in (
        lambda: approve(sent, by=operator),
        lambda: decide.reject(sent, reasons={"company": "x"}, by=operator, settings=config(), now=NOW),
    ):
        with pytest.raises(Refused, match=r"review\.own"):
            decided()
    sent.refresh_from_db()
    seller.refresh_from_db()
    assert (sent.status, seller.status) == (STATUS.PENDING, Seller.Status.APPLICANT)
    assert not Company.objects.exists()


def test_second_applicant_with_the_same_number_is_not_admitted() -> None:
    """business-rules §1.4 step 3: company not already entered."""
    document = company()
    first, second = (pending(draft(applicant(), document)) for _ in range(2))
    approve(first)
    with pytest.raises(Refused, match=r"enter\.registered"):
        approve(second)
    second.refresh_from_db()
    assert second.status == STATUS.PENDING
    assert Seller.objects.get(pk=second.seller_id).status == Seller.Status.APPLICANT
    with pytest.raises(Incomplete) as refused:
        send(draft(applicant(), document))
    assert [finding.code for finding in refused.value.findings] == ["company.registration_number.taken"]


def test_account_registers_one_company() -> None:
    seller = admitted()
    with pytest.raises(Refused, match=r"enter\.member"):
        applicant(owner_of(seller))
    fresh = applicant()
    assert applicant(owner_of(fresh)).pk == fresh.pk, "asked twice it is the same applicant"


def test_overdue_submission_is_reported_once() -> None:
    sent = pending(draft(applicant()))
    job = Job.objects.get(kind=OVERDUE)
    assert job.due_at == sent.due_at
    Event.objects.all().delete()
    assert report_overdue(job.payload, sent.due_at) is None
    assert Event.objects.get().name == "submission_overdue"
    decide.withdraw(sent, by=owner_of(sent.seller), settings=config(), now=NOW)
    Event.objects.all().delete()
    report_overdue(job.payload, sent.due_at)
    assert not Event.objects.exists()


def test_draft_can_be_deleted_but_not_a_sent_submission() -> None:
    written = draft(applicant())
    drafts.discard(written)
    sent = send(draft(applicant()))
    with pytest.raises(Refused, match=r"draft\.sent"):
        drafts.discard(sent)
    with pytest.raises(Refused, match=r"draft\.sent"):
        drafts.save(sent, typed(company()), revision=sent.revision, now=NOW)
    assert Submission.objects.get().pk == sent.pk
