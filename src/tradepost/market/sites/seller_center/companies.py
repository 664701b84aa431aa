"""The company's page: its standing and what is to do, what is known of it, its certification and what it signed."""

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
from .frame import SellerRequest, found, seller_page, show


class Part(Struct, frozen=True):
    """One thing that a seller applies for: the last of its kind that was sent, and the one that is written."""

    kind: str
    title: object
    last: Submission | None
    draft: Submission | None
    remarks: Remarks | None

    @property
    def is_open(self) -> bool:
        return self.last is not None and self.last.status in OPEN


def _part(seller: Seller, kind: str, under_way: list[Submission]) -> Part:
    draft = next((one for one in under_way if one.kind == kind and one.status == Submission.Status.DRAFT), None)
    last = seller_queries.latest(seller, kind)
    return Part(kind, review_kind(kind).title, last, draft, remarks_of(last))


@require_safe
@seller_page(menu=Menu.COMPANY)
def company(request: SellerRequest) -> HttpResponse:
    seller = request.seller
    under_way = seller_queries.under_way(seller)
    kinds = ("enter",) if seller.status == Seller.Status.APPLICANT else ("company", "certify", "exit")
    certified = certify.certification_of(seller)
    known = Company.objects.filter(seller=seller).exists()
    return show(
        request,
        "seller_center/company.html",
        parts={kind: _part(seller, kind, under_way) for kind in kinds},
        known=known,
        facts=sections_of(review_kind("company"), enter.document_of(seller)) if known else [],
        certification=certified,
        certified=_certified(certified),
        to_do=list(_to_do(request)),
        accepted=signing.accepted_by(seller),
        owner=request.rights.owner,
    )


def _certified(certification: Certification | None) -> list[object]:
    if certification is None or certification.certified_at is None:
        return []
    document = certify.document_of(certification.seller)
    return list(sections_of(review_kind("certify"), document)) if document else []


def _to_do(request: SellerRequest) -> Iterator[tuple[str, str]]:
    """What still stands between the seller and its first product: words, and the address where it is done."""
    if request.seller.status != Seller.Status.ACTIVE:
        return
    for finding in certify.may_publish(request.seller, now=request.now):
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
        status=refused.status if refused else HTTPStatus.OK,
        waiting=[] if applies else signing.to_accept(request.seller, now=request.now),
        accepted=signing.accepted_by(request.seller),
        refused=refused,
        owner=request.rights.owner,
    )


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def accept(request: SellerRequest, kind: str) -> HttpResponse:
    """The version that was read is named: a newer one is read first."""
    agreement = found(signing.in_force(kind, now=request.now))
    found(agreement if agreement.kind in signing.OF_SELLERS else None)
    if request.POST.get("agreed") != "on" or request.POST.get("number") != str(agreement.number):
        said = _("Read the agreement and tick that you accept it.")
        return _agreements(request, Refused("agreement.not_accepted", said, HTTPStatus.BAD_REQUEST))
    signing.accept(request.seller, agreement, by=request.user, now=request.now)
    messages.success(request, _("Accepted. It is kept with the version, the moment and your name."))
    return redirect("seller_center:agreements")


@require_safe
@seller_page(menu=Menu.COMPANY)
def statement(request: SellerRequest) -> HttpResponse:
    """What a seller that left still reads: what it earned."""
    return show(request, "seller_center/statement.html", balances=seller_balances(request.seller))
