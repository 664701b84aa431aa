"""The life of a submission: written, checked, decided, corrected; who may what, and that a refusal changes nothing."""

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
from tradepost.market.review.overdue import OVERDUE, tell_overdue

pytestmark = pytest.mark.django_db
STATUS = Submission.Status


def test_a_company_enters_and_is_a_seller_with_what_it_said() -> None:
    """business-rules §1.4: form, review, admission."""
    seller = applicant()
    assert seller.status == Seller.Status.APPLICANT
    said = company(name_en="Qingxie Software")
    sent = send(draft(seller, said))
    assert (sent.status, sent.sent_at, sent.due_at) == (STATUS.CHECKING, NOW, None)
    assert len(sent.sha256) == 64
    assert LeasedJob.objects.exclude(kind=file_scans.KIND).get().payload["url"] == said.website
    submit.passed(sent.pk, settings=config(), now=NOW)
    sent.refresh_from_db()
    assert sent.status == STATUS.PENDING
    assert sent.due_at is not None
    assert approve(sent).status == STATUS.APPROVED
    seller.refresh_from_db()
    assert (seller.status, seller.slug, seller.contact_email) == ("active", "qingxie-software", said.service_email)
    known = Company.objects.get(seller=seller)
    assert (known.registration_number, known.capital, known.staff) == (said.registration_number, 5_000_000, 42)
    moves = list(Move.objects.filter(lifecycle="submission").order_by("pk").values_list("event", flat=True))
    assert moves == ["submit", "pass", "approve"]
    assert not Job.objects.filter(kind=OVERDUE).exists(), "what is decided is not overdue"
    accepted = seller.acceptances.get()
    assert (accepted.agreement.kind, accepted.by_email) == ("seller", owner_of(seller).email)


def test_what_is_missing_is_said_beside_its_field_and_nothing_is_sent() -> None:
    written = draft(applicant(), company(capital="499,999", logo="-", about="x" * 30 + " www.evil.example"))
    before = Submission.objects.values().get()
    with pytest.raises(Incomplete) as refused:
        submit.submit(written, by=owner_of(written.seller), settings=config(), now=NOW)
    found = {each.field.partition("_2")[0]: each for each in refused.value.findings}
    assert {"capital", "logo", "about"} < set(found)
    assert any(field.startswith("agreement") for field in found)
    assert all(each.rule.startswith("business-rules §1.") for each in refused.value.findings)
    assert refused.value.status == 422
    assert Submission.objects.values().get() == before
    assert not LeasedJob.objects.exclude(kind=file_scans.KIND).exists()


def test_a_draft_keeps_what_is_wrong_and_of_two_tabs_none_overwrites_the_other() -> None:
    written = draft(applicant(), company(capital="much"))
    assert written.document["capital"] == "much"
    drafts.save(written, {"staff": "20"}, revision=written.revision, now=NOW)
    with pytest.raises(Refused) as refused:
        drafts.save(written, {"staff": "30"}, revision=written.revision, now=NOW)
    assert (refused.value.code, refused.value.status) == ("draft.changed", 409)
    written.refresh_from_db()
    assert written.document["staff"] == "20"
    drafts.save(written, {"staff": "20"}, revision=0, now=NOW)  # the same once more is no conflict


def test_a_seller_has_one_draft_and_one_open_submission_of_a_kind() -> None:
    seller = applicant()
    first = draft(seller)
    assert drafts.begin("enter", seller, by=owner_of(seller), now=NOW).pk == first.pk
    send(first)
    with pytest.raises(Refused, match=r"submission\.open"):
        drafts.begin("enter", seller, by=owner_of(seller), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        send(first)
    assert Submission.objects.count() == 1


def test_of_each_thing_that_a_submission_is_about_there_is_one() -> None:
    """So a seller has several things decided at once, each alone: two files, two appeals."""
    seller = applicant()
    first, again, second = (
        drafts.begin("enter", seller, by=owner_of(seller), now=NOW, document=company(), about=about)
        for about in ("thing:1", "thing:1", "thing:2")
    )
    assert (first.pk, first.about) == (again.pk, "thing:1")
    assert second.pk != first.pk


def test_rejected_with_reasons_corrected_sent_again_and_approved() -> None:
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
    again = drafts.correct(Submission.objects.get(pk=first.pk), by=owner_of(seller), now=NOW)
    assert (again.status, again.earlier_id, again.document) == (STATUS.DRAFT, first.pk, first.document)
    approve(pending(again), by=operator)
    first.refresh_from_db()
    assert (first.status, first.reasons) == (STATUS.REJECTED, {"presence": "Logo 模糊"})
    seller.refresh_from_db()
    assert seller.is_selling


def test_withdrawn_before_it_is_decided_and_not_after() -> None:
    seller = applicant()
    sent = pending(draft(seller))
    decide.withdraw(sent, by=owner_of(seller), settings=config(), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        decide.withdraw(sent, by=owner_of(seller), settings=config(), now=NOW)
    with pytest.raises(Refused, match="not allowed"):
        approve(sent)
    assert drafts.correct(Submission.objects.get(pk=sent.pk), by=owner_of(seller), now=NOW).status == STATUS.DRAFT


def test_an_approval_needs_every_point_and_another_pair_of_eyes() -> None:
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


def test_of_two_applicants_with_one_number_the_second_is_not_admitted() -> None:
    """business-rules §1.4 step 3: company not already entered."""
    said = company()
    first, second = (pending(draft(applicant(), said)) for _ in range(2))
    approve(first)
    with pytest.raises(Refused, match=r"enter\.registered"):
        approve(second)
    second.refresh_from_db()
    assert second.status == STATUS.PENDING
    assert Seller.objects.get(pk=second.seller_id).status == Seller.Status.APPLICANT
    with pytest.raises(Incomplete) as refused:
        send(draft(applicant(), said))
    assert [each.code for each in refused.value.findings] == ["company.registration_number.taken"]


def test_an_account_enters_once() -> None:
    seller = admitted()
    with pytest.raises(Refused, match=r"enter\.member"):
        applicant(owner_of(seller))
    fresh = applicant()
    assert applicant(owner_of(fresh)).pk == fresh.pk, "asked twice it is the same applicant"


def test_a_submission_that_nobody_decided_in_time_is_told_once() -> None:
    sent = pending(draft(applicant()))
    job = Job.objects.get(kind=OVERDUE)
    assert job.due_at == sent.due_at
    Event.objects.all().delete()
    assert tell_overdue(job.payload, sent.due_at) is None
    assert Event.objects.get().name == "submission_overdue"
    decide.withdraw(sent, by=owner_of(sent.seller), settings=config(), now=NOW)
    Event.objects.all().delete()
    tell_overdue(job.payload, sent.due_at)
    assert not Event.objects.exists()


def test_a_draft_can_be_thrown_away_what_was_sent_cannot() -> None:
    written = draft(applicant())
    drafts.discard(written)
    sent = send(draft(applicant()))
    with pytest.raises(Refused, match=r"draft\.sent"):
        drafts.discard(sent)
    with pytest.raises(Refused, match=r"draft\.sent"):
        drafts.save(sent, typed(company()), revision=sent.revision, now=NOW)
    assert Submission.objects.get().pk == sent.pk
