"""The page of a company: status, tasks, data, certification and signed agreements."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity import agreements as signing
from tradepost.market.identity import certify, enter
from tradepost.market.identity.company_models import Certification, Company
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.payments.queries import seller_balances
from tradepost.market.review import seller_queries
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.web.submissions import sections_of

from .correcting import Remarks, remarks_of
from .first_order import checklist, checklist_context
from .frame import SellerRequest, or_404, seller_page, show


class CompanyApplication(Struct, frozen=True):
    """A kind of application by the company: its last submission and its draft."""

    kind: str
    title: object
    last: Submission | None
    draft: Submission | None
    remarks: Remarks | None

    @property
    def is_open(self) -> bool:
        return self.last is not None and self.last.status in OPEN


def _company_application(seller: Seller, kind: str, under_way: list[Submission]) -> CompanyApplication:
    draft = next(
        (
            submission
            for submission in under_way
            if submission.kind == kind and submission.status == Submission.Status.DRAFT
        ),
        None,
    )
    last = seller_queries.latest(seller, kind)
    return CompanyApplication(kind, review_kind(kind).title, last, draft, remarks_of(last))


@require_safe
@seller_page(menu=Menu.COMPANY)
def company(request: SellerRequest) -> HttpResponse:
    seller = request.seller
    under_way = seller_queries.submissions_under_way(seller)
    kinds = ("enter",) if seller.status == Seller.Status.APPLICANT else ("company", "certify", "exit")
    certified = certify.certification_of(seller)
    has_company = Company.objects.filter(seller=seller).exists()
    return show(
        request,
        "seller_center/company.html",
        parts={kind: _company_application(seller, kind, under_way) for kind in kinds},
        known=has_company,
        facts=sections_of(review_kind("company"), enter.document_of(seller)) if has_company else [],
        certification=certified,
        certified=_certified_sections(certified),
        to_do=list(_open_tasks(request)),
        accepted=signing.accepted_by(seller),
        owner=request.rights.owner,
        **checklist_context(checklist(request) if seller.status == Seller.Status.APPLICANT else []),
    )


def _certified_sections(certification: Certification | None) -> list[object]:
    if certification is None or certification.certified_at is None:
        return []
    document = certify.document_of(certification.seller)
    return list(sections_of(review_kind("certify"), document)) if document else []


def _open_tasks(request: SellerRequest) -> Iterator[tuple[str, str]]:
    """Yield the open tasks before the first product: label and address."""
    if request.seller.status != Seller.Status.ACTIVE:
        return
    for finding in certify.publishing_obstacles(request.seller, now=request.now):
        yield str(finding.words), "agreements" if finding.field in signing.OF_SELLERS else "company"


@require_safe
@seller_page(menu=Menu.COMPANY)
def agreements(request: SellerRequest) -> HttpResponse:
    return _agreements(request)


def _agreements(request: SellerRequest, refused: Refused | None = None) -> HttpResponse:
    applies = request.seller.status == Seller.Status.APPLICANT
    return show(
        request,
        "seller_center/agreements.html",
        waiting=[] if applies else signing.agreements_to_accept(request.seller, now=request.now),
        accepted=signing.accepted_by(request.seller),
        refused=refused,
        owner=request.rights.owner,
    )


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def accept(request: SellerRequest, kind: str) -> HttpResponse:
    """Accept an agreement. The version that was read is submitted; a newer one must be read first."""
    agreement = or_404(signing.in_force(kind, now=request.now))
    or_404(agreement if agreement.kind in signing.OF_SELLERS else None)
    if request.POST.get("agreed") != "on" or request.POST.get("number") != str(agreement.number):
        message = _("Read the agreement and confirm that you accept it.")
        return _agreements(request, Refused("agreement.not_accepted", message, HTTPStatus.BAD_REQUEST))
    signing.accept(request.seller, agreement, by=request.user, now=request.now)
    messages.success(request, _("Accepted. The version, time and your name are recorded."))
    return redirect("seller_center:agreements")


@require_safe
@seller_page(menu=Menu.COMPANY)
def statement(request: SellerRequest) -> HttpResponse:
    """Show the balances, also to a seller that has left."""
    return show(request, "seller_center/statement.html", balances=seller_balances(request.seller))
