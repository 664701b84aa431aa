"""End the sale of a product, a spec or a SKU permanently; existing services run to their end (business-rules
§2.8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets.proofs import find_proof, use_proofs
from tradepost.market.base import stored
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog import delist
from tradepost.market.catalog.models import Product, Sku, Spec
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, Fact, InputKind, Item, Section

RULE = "business-rules §2.8"
MAX_TEXT_LENGTH = 500


@stored.version(1)
class Delisting(Struct, frozen=True, kw_only=True):
    """``what``: product, spec or sku; ``key``: of the spec, or the skuCode; ``named``: its current name."""

    what: str = "product"
    key: str = ""
    named: str = ""
    reason: str = ""
    proof: str = ""
    """How buyers were notified and are served to the end."""
    attachment: str = ""
    """SHA-256 of the document as proof (``assets.Proof``); empty in submissions from before it was required."""


def node(product: Product, what: str, key: str) -> Product | Spec | Sku | None:
    """Return the object to stop; None if it is not the product's, or stopped already."""
    match what:
        case "spec":
            return Spec.objects.filter(product=product, key=key, stopped_at=None).first()
        case "sku":
            return Sku.objects.select_related("spec").filter(spec__product=product, code=key, stopped_at=None).first()
        case "product":
            return product if product.status in {Product.Status.ON_SALE, Product.Status.FROZEN} else None
        case _:
            return None


class Delist(Defaults[Delisting]):
    name = "delist"
    title = gettext_lazy("End a sale permanently")
    document = Delisting
    sections = (Section(code="delist", title=gettext_lazy("End of the sale")),)
    items = (
        Item(code="document", words=gettext_lazy("The document supports the seller's statement."), rule=RULE),
        Item(code="told", words=gettext_lazy("The reason is true, and buyers were notified."), rule=RULE),
        Item(code="served", words=gettext_lazy("Sold services are provided until they end."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status not in {Product.Status.ON_SALE, Product.Status.FROZEN}:
            raise Refused("delist.not_listed", _("This product is not on sale."))

    def blank(self, seller: Seller, *, product: Product | None) -> Delisting:
        return Delisting()

    def self_check(self, case: Case[Delisting]) -> Sequence[Finding]:
        document, findings = case.document, []
        if case.product is None or node(case.product, document.what, document.key) is None:
            findings.append(_finding("node", "delist.node", _("Choose an item that is still on sale.")))
        for field, text, message in (
            ("reason", document.reason, _("Enter the reason. The operator and your buyers can see it.")),
            (
                "proof",
                document.proof,
                _("Explain how buyers were notified and how their services are provided until they end."),
            ),
        ):
            if not text.strip():
                findings.append(_finding(field, "delist.missing", message))
            elif len(text) > MAX_TEXT_LENGTH:
                findings.append(
                    _finding(field, "delist.long", _("At most %(most)s characters.") % {"most": MAX_TEXT_LENGTH})
                )
        if not document.attachment:
            findings.append(_finding("attachment", "delist.attachment", _("Upload a document that proves it.")))
        elif find_proof(document.attachment, seller=case.seller) is None:
            findings.append(
                _finding("attachment", "proof.unknown", _("The document is no longer stored. Upload it again."))
            )
        return findings

    def begin_checking(self, case: Case[Delisting]) -> bool:
        """Keep the document as long as the submission. There is nothing to wait for."""
        use_proofs(f"submission:{case.stored.pk}", [case.document.attachment], seller=case.seller)
        return False

    def approve(self, case: Case[Delisting], *, by: str) -> None:
        document = case.document
        target = node(case.product, document.what, document.key) if case.product else None
        if target is None:
            raise Refused("delist.stopped", _("Sales have already ended."))
        delist.stop(target, reason=document.reason, actor=by, now=case.now)

    def facts(self, document: Delisting) -> Sequence[Fact]:
        labels = {"product": _("The whole product"), "spec": _("A spec"), "sku": _("A SKU")}
        description = f"{labels.get(document.what, document.what)} {document.named}".strip()
        facts = [
            Fact(section="delist", field="what", label=_("Sales to end"), value=description),
            Fact(section="delist", field="reason", label=_("Reason"), value=document.reason, look=InputKind.LONG),
            Fact(section="delist", field="proof", label=_("Proof"), value=document.proof, look=InputKind.LONG),
        ]
        if document.attachment:
            label = _("Proof document")
            facts.append(
                Fact(section="delist", field="attachment", label=label, value=document.attachment, look=InputKind.PROOF)
            )
        return facts


def _finding(field: str, code: str, words: str) -> Finding:
    return Finding(section="delist", field=field, code=code, words=words, rule=RULE)


KIND = Delist()
