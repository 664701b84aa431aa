"""Valid companies, and their applications, made by the functions that the pages call."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from stdnum.cn import uscc

from tests.factories.people import NOW, make_buyer, make_operator
from tests.factories.pictures import make_picture, make_proof
from tradepost.market.assets.models import Picture
from tradepost.market.base.config import Config, config
from tradepost.market.base.values import as_dict, replace
from tradepost.market.identity import enter
from tradepost.market.identity.companies import CompanyDocument
from tradepost.market.identity.models import Seller, User
from tradepost.market.review import decide, drafts, submit
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

_numbers = count(1)


def code(number: int = 0) -> str:
    """Return a valid unified social credit code; each number gives another."""
    body = f"91440300MA5{number or next(_numbers):06d}"
    return body + uscc.calc_check_digit(body)


def company(**other: str) -> CompanyDocument:
    number = next(_numbers)
    right = CompanyDocument(
        name=f"深圳市青榭软件{number}有限公司", name_en=f"Shenzhen Qingxie Software {number} Co., Ltd.",
        registration_number=code(), founded_on="2019-05-20", capital="5000000", staff="42", province="广东省", city="深圳市",
        district="南山区", street="科技园路 8 号 3 栋 12 层", website="http://127.0.0.1:9/",
        about="为制造企业提供云上协同与排产软件，擅长与现有设备对接，交付快、支持好。",
        about_en="Software for planning and working together in the cloud, made for manufacturers.",
        contact_name="沈清", contact_phone="13800138000", contact_email=f"shen{number}@qingxie.example",
        service_phone="400-800-1234", service_email=f"service{number}@qingxie.example", service_days="5", service_from="09:00",
        service_until="18:00",
    )  # fmt: skip
    return replace(right, **other)


def typed(document: CompanyDocument) -> dict[str, str]:
    return as_dict(document)


def applicant(user: User | None = None, *, now: datetime = NOW) -> Seller:
    return enter.apply(user or make_buyer(balance="0", now=now), now=now)


def owner_of(seller: Seller) -> User:
    return seller.members.order_by("pk")[0].user


def draft(
    seller: Seller, document: CompanyDocument | None = None, *, kind: str = "enter", now: datetime = NOW
) -> Submission:
    """Return a draft with a logo and a licence. The value ``"-"`` in the document leaves one out."""
    begun = drafts.begin(kind, seller, by=owner_of(seller), now=now)
    said = document or company()
    logo = "" if said.logo == "-" else said.logo or logo_of(seller)
    licence = "" if said.licence == "-" else said.licence or licence_of(seller)
    return drafts.save(begun, typed(replace(said, logo=logo, licence=licence)), revision=begun.revision, now=now)


def licence_of(seller: Seller) -> str:
    return make_proof(seller, name="营业执照.pdf").sha256


def logo_of(seller: Seller) -> str:
    return make_picture(seller, purpose=Picture.Purpose.COMPANY_LOGO, width=168, height=70).sha256


def send(submission: Submission, *, now: datetime = NOW, settings: Config | None = None) -> Submission:
    """Send a submission with every agreement accepted."""
    wanted = submit.required_agreements(review_kind(submission.kind), submission.seller, now=now)
    return submit.submit(
        submission,
        by=owner_of(submission.seller),
        agreed={each.pk for each in wanted},
        settings=settings or config(),
        now=now,
    )


def pending(submission: Submission, *, now: datetime = NOW) -> Submission:
    """Return a submission that was sent and whose checks passed."""
    sent = send(submission, now=now)
    submit.record_passed_checks(sent.pk, settings=config(), now=now)
    sent.refresh_from_db()
    return sent


def approve(submission: Submission, *, by: User | None = None, now: datetime = NOW) -> Submission:
    """Approve with every point of the checklist ticked."""
    kind = review_kind(submission.kind)
    items = [item.code for item in kind.checklist(case_of(submission, settings=config(), now=now))]
    why = "Seen, and it is so." if kind.explained else ""
    return decide.approve(
        submission, checklist=items, reason=why, by=by or make_operator(now=now), settings=config(), now=now
    )


def admitted(document: CompanyDocument | None = None, *, now: datetime = NOW) -> Seller:
    """Return a seller that was admitted."""
    seller = applicant(now=now)
    approve(pending(draft(seller, document, now=now), now=now), now=now)
    seller.refresh_from_db()
    return seller


def certification(seller: Seller, **other: str) -> dict[str, str]:
    """Return the form data of the business certification."""
    return {
        "account_holder": seller.name, "bank": "招商银行", "branch": "深圳南山支行", "sealed_account": "6222020200112233445",
        "taxpayer": "general", "tax_rate": "6", "finance_name": "沈清", "finance_phone": "0755-12345678",
        "finance_email": "finance@qingxie.example",
    } | other  # fmt: skip


def certified(seller: Seller, *, now: datetime = NOW) -> Seller:
    """Approve the business certification of a seller."""
    begun = drafts.begin("certify", seller, by=owner_of(seller), now=now)
    saved = drafts.save(begun, certification(seller), revision=begun.revision, now=now)
    approve(send(saved, now=now), now=now)
    return seller


def handed_in(seller: Seller, *, sealed_account: str = "", now: datetime = NOW) -> tuple[Submission, Submission]:
    """Create a certification that waits, one that was rejected, and a draft. The company is known."""
    by = seller.members.order_by("pk")[0].user
    operator = make_operator()
    enter.change_company(seller, company(name=seller.name, name_en=seller.name_en), now=now)
    sent = []
    for number in range(2):
        draft = drafts.begin("certify", seller, by=by, now=now)
        draft = drafts.save(
            draft,
            certification(seller, sealed_account=sealed_account or "6222020200112233445"),
            revision=draft.revision,
            now=now,
        )
        sent.append(send(draft, now=now))
        if not number:
            decide.reject(sent[0], reasons={"bank": "no proof"}, by=operator, settings=config(), now=now)
    drafts.begin("exit", seller, by=by, now=now)
    return sent[1], sent[0]
