"""Upload of a document by a form field before its form is submitted, and the seller's download of it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.assets.proofs import find_proof
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.contract import Proof
from tradepost.market.product_types.registry import product_types
from tradepost.market.review.contract import AnyKind, InputKind, Question
from tradepost.market.review.registry import review_kinds
from tradepost.market.web import uploads
from tradepost.market.web.uploads import ProofField

from .frame import SellerRequest, seller_page


@require_POST
@seller_page(menu=Menu.PRODUCTS)
@uploads.takes_pictures(0, proofs=1)
def upload(request: SellerRequest) -> HttpResponse:
    """Store the file of ``field`` and return the field with the document, or with the file's error."""
    field = _uploaded_field(request)
    uploaded = uploads.uploaded_file(request, field.name)
    if uploaded is None:
        return _render_field(request, replace(field, error=_("Choose a file.")))
    try:
        proof = uploads.keep_proof(uploaded, seller=request.seller, by=request.user, now=request.now)
    except Refused as refused:
        return _render_field(request, replace(field, error=refused.message))
    return _render_field(request, replace(field, sha256=proof.sha256, file=proof))


# hashing twenty megabytes must not hold SQLite's write lock
upload.own_transactions = True  # type: ignore[attr-defined]


def proof_field(
    name: str, product_type: str, proof: Proof, *, seller: Seller, sha256: str = "", error: str = ""
) -> ProofField:
    """Return a field for ``{% include "web/parts/file_field.html" with upload=… %}``: a document that a product type
    requires. Another seller's document is ignored."""
    language = get_language()
    field = ProofField(
        name=name, label=proof.label.in_language(language), action=reverse("seller_center:proof_upload"),
        help=proof.help.in_language(language) if proof.help else "", asked_by={"kind": product_type}, code=proof.code,
        error=error, required=proof.required,
    )  # fmt: skip
    return _with_file(field, sha256, seller)


def submission_proof(
    kind: AnyKind, question: Question, *, seller: Seller, sha256: str = "", error: str = ""
) -> ProofField:
    """Return the same for a document that a submission kind requires."""
    field = ProofField(
        name=question.field, label=str(question.label), action=reverse("seller_center:proof_upload"),
        help=str(question.help), asked_by={"submission": kind.name}, code=question.field, error=error,
        required=question.required,
    )  # fmt: skip
    return _with_file(field, sha256, seller)


def _with_file(field: ProofField, sha256: str, seller: Seller) -> ProofField:
    file = find_proof(sha256, seller=seller) if sha256 else None
    return replace(field, sha256=file.sha256 if file else "", file=file)


def _uploaded_field(request: SellerRequest) -> ProofField:
    """Return the field of the upload. The earlier document stays if the new file is refused."""
    name, code = request.POST.get("field", ""), request.POST.get("proof", "")
    before = request.POST.get(name, "")
    if not uploads.FIELD_NAME.fullmatch(name):
        raise Http404
    if submission := review_kinds().get(request.POST.get("submission", "")):
        question = next(
            (q for q in submission.questions if q.field == code == name and q.look is InputKind.PROOF), None
        )
        if not request.rights.owner or question is None:
            raise Http404
        return submission_proof(submission, question, seller=request.seller, sha256=before)
    kind = product_types().get(request.POST.get("kind", ""))
    proof = next((proof for proof in kind.proofs if proof.code == code), None) if kind else None
    if kind is None or proof is None:
        raise Http404
    return proof_field(name, kind.code, proof, seller=request.seller, sha256=before)


def _render_field(request: HttpRequest, field: ProofField) -> HttpResponse:
    """Render the field. A refusal has the status 422, for which pages also replace the field."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field.error else HTTPStatus.OK
    return render(request, "web/parts/file_field.html", {"upload": field}, status=status)
