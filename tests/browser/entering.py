"""Companies that are applying, created by the functions of the pages, for screenshots and browser tests."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from tests.factories.companies import company
from tests.factories.pictures import make_picture, make_proof
from tradepost.market.assets.models import Picture
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.findings import Finding, stored_findings
from tradepost.market.base.values import as_dict
from tradepost.market.identity import enter
from tradepost.market.identity.models import Seller, User
from tradepost.market.review import decide, drafts, submit
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

PASSWORD = "applicant-sandbox"


def companies() -> dict[str, str]:
    writing, waiting, rejected, failed = (_applicant(name) for name in ("writing", "waiting", "rejected", "failed"))
    now, settings = clock.now(), config()
    operator = User.objects.get(operator_role="owner")
    drafts.save(
        writing, {"capital": "450000", "registration_number": "91440300MA5"}, revision=writing.revision, now=now
    )
    for one in (waiting, rejected, failed):
        _send(one)
    submit.record_passed_checks(waiting.pk, settings=settings, now=now)
    submit.record_passed_checks(rejected.pk, settings=settings, now=now)
    decide.reject(
        rejected, by=operator, settings=settings, now=now,
        reasons={"presence": "Logo 模糊，请提供清晰的图片。", "company": "注册资本与登记信息不一致。"},
    )  # fmt: skip
    assert rejected.created_by is not None
    again = drafts.correct(Submission.objects.get(pk=rejected.pk), by=rejected.created_by, now=now)
    found = Finding(
        section="presence", field="website", code="company.website.dns", rule="business-rules §1.4",
        words="The website's name does not exist, or its name servers do not answer.",
    )  # fmt: skip
    submit.record_failed_checks(failed.pk, stored_findings(lambda: [found]), settings=settings, now=now)
    return {
        "applicant": "writing@company.example", "applicant password": PASSWORD,
        "rejected applicant": "rejected@company.example", "rejected applicant password": PASSWORD,
        "waiting submission": str(waiting.pk), "rejected submission": str(rejected.pk), "corrected submission": str(again.pk),
        "failed submission": str(failed.pk), "change submission": str(_request_change().pk),
    }  # fmt: skip


def _applicant(name: str) -> Submission:
    """Return an applicant with a valid draft."""
    email, now = f"{name}@company.example", clock.now()
    user = User.objects.create_user(email, PASSWORD, name=name.capitalize(), joined_at=now)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    seller = enter.apply(user, now=now)
    logo = make_picture(seller, purpose=Picture.Purpose.COMPANY_LOGO, width=336, height=140).sha256
    begun = drafts.begin("enter", seller, by=user, now=now)
    return drafts.save(
        begun,
        as_dict(company(logo=logo, licence=make_proof(seller, name="营业执照.pdf").sha256)),
        revision=begun.revision,
        now=now,
    )


def _request_change() -> Submission:
    """Request a change as the demo's seller, to compare with the current data."""
    seller, now = Seller.objects.get(slug="qingxie"), clock.now()
    begun = drafts.begin("company", seller, by=seller.members.order_by("pk")[0].user, now=now)
    logo = make_picture(seller, purpose=Picture.Purpose.COMPANY_LOGO, width=336, height=140).sha256
    changes = {"capital": "20000000", "service_days": "7", "logo": logo, "street": "文三路 500 号 9 层"}
    changes["licence"] = make_proof(seller, name="营业执照-新.pdf").sha256
    draft = drafts.save(begun, changes, revision=begun.revision, now=now)
    _send(draft)
    return draft


def _send(draft: Submission) -> None:
    wanted = submit.required_agreements(review_kind(draft.kind), draft.seller, now=clock.now())
    assert draft.created_by is not None
    submit.submit(draft, by=draft.created_by, agreed={each.pk for each in wanted}, settings=config(), now=clock.now())
