"""Submit a product: missing items, replay progress, the operator's decision, and withdrawal."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import seller_queries as catalog
from tradepost.market.catalog.models import Product, Version
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.menus import Menu
from tradepost.market.review import decide, hand_in, product_versions
from tradepost.market.review import seller_queries as reviews
from tradepost.market.review import submit as sending
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.product_versions import INTERFACE, SELLER, TITLES
from tradepost.market.review.registry import review_kind
from tradepost.market.review.web_sites import WEB_SITE
from tradepost.market.web.refusals import status_of
from tradepost.market.web.upgrade_rules import ended_rules

from .correcting import remarks_of
from .frame import SellerRequest, or_404, seller_page, show
from .pricing_document import form_of_document
from .products import find_own_product
from .submission_form import ticked_agreements


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
def submit(request: SellerRequest, pk: int) -> HttpResponse:
    product = find_own_product(request, pk)
    if request.method != "POST":
        return _page(request, product)
    kind = review_kind(hand_in.kind_of_submission(product))
    agreed = ticked_agreements(request.POST, sending.required_agreements(kind, request.seller, now=request.now))
    try:
        with transaction.atomic():
            hand_in.submit_draft(product, by=request.user, settings=config(), now=request.now, agreed=agreed)
    except Incomplete as incomplete:
        return _page(
            request, product, findings=incomplete.findings, agreed=agreed, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    except Refused as refused:
        return _page(request, product, refused=refused, agreed=agreed, status=status_of(refused))
    messages.success(request, _("Submitted. Follow the review here. You receive a notice about the decision."))
    return redirect("seller_center:product_submit", pk)


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def progress(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with the checks' progress, which is polled while they run."""
    return show(request, "seller_center/parts/submit_state.html", **_state(request, find_own_product(request, pk)))


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    submission = reviews.open_of_product(find_own_product(request, pk))
    decide.withdraw(or_404(submission), by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. Your content is kept. You can change it and submit it again."))
    return redirect("seller_center:product", pk)


def _state(request: SellerRequest, product: Product) -> dict[str, Any]:
    """Return the context of the open submission, or else of the last one."""
    last = reviews.last_of_product(product)
    job = product_versions.replay_of(last) if last is not None else None
    return {
        "product": product,
        "last": last,
        "waiting": last is not None and last.status in OPEN,
        "checking": last is not None and last.status == Submission.Status.CHECKING,
        "job": job,
        "late": bool(last and last.status == Submission.Status.PENDING and last.due_at and last.due_at < request.now),
        "remarks": remarks_of(last),
    }


def _page(
    request: SellerRequest,
    product: Product,
    *,
    findings: Collection[Finding] | None = None,
    refused: Refused | None = None,
    agreed: Collection[int] = frozenset(),
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    version = or_404(catalog.newest_version(product))
    document = documents.load(version.document)
    kind = review_kind(hand_in.kind_of_submission(product))
    agreements = sending.required_agreements(kind, request.seller, now=request.now)
    is_draft = version.status == Version.Status.DRAFT
    purpose = Purpose.SUBMIT if kind.name == "publish" else Purpose.MODIFY
    if findings is None and is_draft:
        findings = product_versions.findings_of(product, document, purpose=purpose, settings=config(), now=request.now)
    needs = product_versions.needs_interface(document)
    return show(
        request,
        "seller_center/product_submit.html",
        status=status,
        **_state(request, product),
        version=version,
        is_draft=is_draft,
        is_change=kind.name == "modify",
        findings=[
            (finding, TITLES.get(finding.section, ""), _correction_url(product, document, finding))
            for finding in findings or ()
        ],
        refused=refused,
        agreements=[(agreement, agreement.pk in agreed) for agreement in agreements],
        stock=product_versions.stock_of(product, document, purpose=purpose) if needs and is_draft else None,
        address=product_versions.address_of(product),
        ended_rules=ended_rules(product, document)
        if version.status in {Version.Status.DRAFT, Version.Status.SEALED}
        else [],
    )


def _correction_url(product: Product, document: documents.Document, finding: Finding) -> str:
    """Return the address where a finding is corrected."""
    match finding.section:
        case section if section == INTERFACE and finding.field == "test_code":
            return reverse("seller_center:license_tests")
        case section if section == INTERFACE:
            address = product_versions.address_of(product)
            return (
                reverse("seller_center:debug_address", args=[address.pk])
                if address
                else reverse("seller_center:addresses") + "#products"
            )
        case section if section == WEB_SITE:
            task = finding.field.removeprefix("task.")
            return (
                reverse("seller_center:web_check", args=[task])
                if task.isdecimal()
                else reverse("seller_center:web_check_new")
            )
        case section if section == SELLER:
            return reverse("seller_center:company")
        case "agreement":
            return f"#{finding.field}"
        case _:
            page = reverse("seller_center:product_draft", args=[product.pk, finding.section])
            pricing = finding.section == "pricing"
            field = form_of_document(document.pricing)[1].find(finding.field) if pricing else finding.field
            return f"{page}?check=1#f-{field}"
