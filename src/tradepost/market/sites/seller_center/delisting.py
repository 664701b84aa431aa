"""Ask the operator to end the sale of a product, a spec or a SKU: it cannot be undone, and what was sold runs to its end."""

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
from tradepost.market.catalog.readable import chosen_words
from tradepost.market.identity.menus import Menu
from tradepost.market.review import hand_in, seller_queries
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.drafts import to_correct
from tradepost.market.review.kinds.delist import KIND, LONGEST, Delisting
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads

from .correcting import remarks_of
from .draft_inputs import Look, Shown, Words, Wrong
from .frame import SellerRequest, seller_page, show
from .products import own

ATTACHMENT = "attachment"


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
@uploads.takes_pictures(0, proofs=1)
def delist(request: SellerRequest, pk: int) -> HttpResponse:
    product = own(request, pk)
    choices = list(_choices(product))
    last = to_correct(KIND.name, request.seller, product=product)
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\0", "").strip() for name in ("node", "reason", "proof")}
    else:
        typed = _sent_before(last)
    wrong = Wrong()
    status = HTTPStatus.OK
    if request.method == "POST":
        typed["attachment"] = _handed_in(request, wrong)
        try:
            sent = hand_in.ask_delisting(
                product, _wanted(typed, dict(choices)), by=request.user, settings=config(), now=request.now
            )
        except Incomplete as incomplete:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            for finding in incomplete.findings:
                wrong.put(finding.field, str(finding.words), finding.rule)
        except Refused as refused:
            status = HTTPStatus(refused.status)
            wrong.put("", refused.message)
        else:
            messages.success(request, _("Handed in. The sale goes on until an operator agrees."))
            return redirect("seller_center:submission", sent.pk)
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


delist.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal keeps nothing


def _wanted(typed: Mapping[str, str], named: Mapping[str, Words]) -> Delisting:
    what, _colon, key = typed["node"].partition(":")
    return Delisting(
        what=what[:16], key=key[:64], named=str(named.get(typed["node"], ""))[:200],
        reason=typed["reason"][: 4 * LONGEST], proof=typed["proof"][: 4 * LONGEST], attachment=typed["attachment"],
    )  # fmt: skip


def _sent_before(last: Submission | None) -> dict[str, str]:
    """What the last submission said, while it is to be corrected."""
    said = stored.load(Delisting, last.document) if last is not None else Delisting(what="")
    node = f"{said.what}:{said.key}" if said.key else said.what
    return {"node": node, "reason": said.reason, "proof": said.proof, "attachment": said.attachment}


def _handed_in(request: SellerRequest, wrong: Wrong) -> str:
    """The document that came with the form or was kept of the last try; empty for one that was refused."""
    try:
        return uploads.handed_in_proof(
            request, ATTACHMENT, seller=request.seller, by=request.user, now=request.now
        )  # fmt: skip
    except Refused as refused:
        wrong.put(ATTACHMENT, refused.message)
        return ""


def _field(request: SellerRequest, sha256: str, wrong: Wrong) -> uploads.ProofField:
    errors = wrong.at(ATTACHMENT)
    file = uploads.proof_of(request.seller, sha256) if sha256 else None
    return uploads.ProofField(
        name=ATTACHMENT, label=_("Proof document"), required=True, action="", asked_by={}, code="",
        sha256=sha256 if file else "", file=file, error=errors[0][0] if errors else "",
        help=_("For example the notice that you sent to your buyers."),
    )  # fmt: skip


def _choices(product: Product) -> Iterator[tuple[str, Words]]:
    yield "", _("Choose what ends")
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
                yield f"sku:{sku.code}", f"– {' · '.join(chosen_words(spec, sku)) or sku.code}"


def _inputs(typed: dict[str, str], choices: list[tuple[str, Words]], wrong: Wrong) -> Iterator[Shown]:
    yield Shown(
        name="node", label=_("What ends"), value=typed["node"], look=Look.CHOICE, choices=choices, required=True,
        errors=wrong.at("node"),
    )  # fmt: skip
    yield Shown(
        name="reason", label=_("Reason"), value=typed["reason"], look=Look.LINES, longest=LONGEST, required=True,
        help=_("The operator reads it, and your buyers."), errors=wrong.at("reason"),
    )  # fmt: skip
    yield Shown(
        name="proof", label=_("How buyers were told, and how they are served to the end"), value=typed["proof"],
        look=Look.LINES, longest=LONGEST, required=True, errors=wrong.at("proof"),
    )  # fmt: skip
