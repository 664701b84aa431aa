"""Ask the operator to end the sale of a product, a spec or a SKU. This is final; sold services run to their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product, Sku, Spec
from tradepost.market.catalog.readable import selection_text
from tradepost.market.identity.menus import Menu
from tradepost.market.review import hand_in, seller_queries
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.drafts import submission_to_correct
from tradepost.market.review.kinds.delist import KIND, MAX_TEXT_LENGTH, Delisting
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads
from tradepost.market.web.refusals import status_of

from .correcting import remarks_of
from .draft_inputs import InputErrors, InputView, Look, Words
from .frame import SellerRequest, seller_page, show
from .products import find_own_product

ATTACHMENT = "attachment"


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
@uploads.takes_pictures(0, proofs=1)
def delist(request: SellerRequest, pk: int) -> HttpResponse:
    product = find_own_product(request, pk)
    choices = list(_choices(product))
    last = submission_to_correct(KIND.name, request.seller, product=product)
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\0", "").strip() for name in ("node", "reason", "proof")}
    else:
        typed = _earlier_values(last)
    wrong = InputErrors()
    status = HTTPStatus.OK
    if request.method == "POST":
        typed["attachment"] = _submitted_proof(request, wrong)
        try:
            submission = hand_in.request_delisting(
                product, _delisting(typed, dict(choices)), by=request.user, settings=config(), now=request.now
            )
        except Incomplete as incomplete:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            for finding in incomplete.findings:
                wrong.put(finding.field, str(finding.words), finding.rule)
        except Refused as refused:
            status = HTTPStatus(status_of(refused))
            wrong.put("", refused.message)
        else:
            messages.success(request, _("Submitted. The product stays on sale until an operator approves."))
            return redirect("seller_center:submission", submission.pk)
    return show(
        request,
        "seller_center/product_delist.html",
        status=status,
        product=product,
        wrong=wrong,
        loose=wrong.at(""),
        remarks=remarks_of(last),
        under_way=seller_queries.open_of_product(product),
        document=_field(request, typed["attachment"], wrong),
        inputs=list(_inputs(typed, choices, wrong)),
        sold=product.status in {Product.Status.ON_SALE, Product.Status.FROZEN},
    )


delist.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal stores nothing


def _delisting(typed: Mapping[str, str], named: Mapping[str, Words]) -> Delisting:
    node_kind, _colon, key = typed["node"].partition(":")
    return Delisting(
        what=node_kind[:16], key=key[:64], named=str(named.get(typed["node"], ""))[:200],
        reason=typed["reason"][: 4 * MAX_TEXT_LENGTH], proof=typed["proof"][: 4 * MAX_TEXT_LENGTH], attachment=typed["attachment"],
    )  # fmt: skip


def _earlier_values(last: Submission | None) -> dict[str, str]:
    """Return the values of the last submission that has to be corrected."""
    last_delisting = stored.load(Delisting, last.document) if last is not None else Delisting(what="")
    node = f"{last_delisting.what}:{last_delisting.key}" if last_delisting.key else last_delisting.what
    return {
        "node": node,
        "reason": last_delisting.reason,
        "proof": last_delisting.proof,
        "attachment": last_delisting.attachment,
    }


def _submitted_proof(request: SellerRequest, wrong: InputErrors) -> str:
    """Return the hash of the submitted or earlier document; "" if it was refused."""
    try:
        return uploads.submitted_proof(
            request, ATTACHMENT, seller=request.seller, by=request.user, now=request.now
        )  # fmt: skip
    except Refused as refused:
        wrong.put(ATTACHMENT, refused.message)
        return ""


def _field(request: SellerRequest, sha256: str, wrong: InputErrors) -> uploads.ProofField:
    errors = wrong.at(ATTACHMENT)
    file = uploads.proof_of(request.seller, sha256) if sha256 else None
    return uploads.ProofField(
        name=ATTACHMENT, label=_("Proof document"), required=True, action="", asked_by={}, code="",
        sha256=sha256 if file else "", file=file, error=errors[0][0] if errors else "",
        help=_("For example the notice that you sent to your buyers."),
    )  # fmt: skip


def _choices(product: Product) -> Iterator[tuple[str, Words]]:
    yield "", _("Choose what to end")
    yield "product", _("The whole product")
    document = listed_document(product)
    if document is None:
        return
    specs = set(Spec.objects.filter(product=product, stopped_at=None).values_list("key", flat=True))
    skus = set(Sku.objects.filter(spec__product=product, stopped_at=None).values_list("code", flat=True))
    for spec in document.pricing.specs:
        if spec.key not in specs:
            continue
        yield f"spec:{spec.key}", _("Spec %(name)s") % {"name": f"{spec.name.zh} / {spec.name.en}"}
        for sku in spec.skus if len(spec.skus) > 1 else ():
            if sku.code in skus:
                yield f"sku:{sku.code}", f"– {' · '.join(selection_text(spec, sku)) or sku.code}"


def _inputs(typed: dict[str, str], choices: list[tuple[str, Words]], wrong: InputErrors) -> Iterator[InputView]:
    yield InputView(
        name="node", label=_("Sales to end"), value=typed["node"], look=Look.CHOICE, choices=choices, required=True,
        errors=wrong.at("node"),
    )  # fmt: skip
    yield InputView(
        name="reason", label=_("Reason"), value=typed["reason"], look=Look.LINES, longest=MAX_TEXT_LENGTH, required=True,
        help=_("Shown to the operator and to your buyers."), errors=wrong.at("reason"),
    )  # fmt: skip
    yield InputView(
        name="proof", label=_("How buyers were notified and how they are served until their services end"), value=typed["proof"],
        look=Look.LINES, longest=MAX_TEXT_LENGTH, required=True, errors=wrong.at("proof"),
    )  # fmt: skip
