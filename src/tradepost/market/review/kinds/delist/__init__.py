"""The sale of a product, a spec or a SKU ends for good: what was sold runs to its end (business-rules §2.8)."""

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
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Look, Section

RULE = "business-rules §2.8"
LONGEST = 500


@stored.version(1)
class Delisting(Struct, frozen=True, kw_only=True):
    """``what``: product, spec or sku; ``key``: of the spec, or the skuCode; ``named``: as pages call it now."""

    what: str = "product"
    key: str = ""
    named: str = ""
    reason: str = ""
    proof: str = ""
    """What shows that buyers were told and are served to the end, in words."""
    attachment: str = ""
    """SHA-256 of the document that proves it (``assets.Proof``); empty in submissions from before it was required."""


def node(product: Product, what: str, key: str) -> Product | Spec | Sku | None:
    """What is to be stopped; None where it is not the product's, or stopped already."""
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
    title = gettext_lazy("End a sale for good")
    document = Delisting
    sections = (Section(code="delist", title=gettext_lazy("End of the sale")),)
    items = (
        Item(code="document", words=gettext_lazy("The document proves what the seller wrote."), rule=RULE),
        Item(code="told", words=gettext_lazy("The reason is true, and buyers were told."), rule=RULE),
        Item(code="served", words=gettext_lazy("What was sold is served to its end."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status not in {Product.Status.ON_SALE, Product.Status.FROZEN}:
            raise Refused("delist.not_listed", _("This product is not on sale."))

    def blank(self, seller: Seller, *, product: Product | None) -> Delisting:
        return Delisting()

    def self_check(self, case: Case[Delisting]) -> Sequence[Finding]:
        wanted, found = case.document, []
        if case.product is None or node(case.product, wanted.what, wanted.key) is None:
            found.append(_wrong("node", "delist.node", _("Choose what is still on sale.")))
        for field, said, words in (
            ("reason", wanted.reason, _("Say why: the operator and your buyers read it.")),
            ("proof", wanted.proof, _("Say how buyers were told, and how they are served to the end.")),
        ):
            if not said.strip():
                found.append(_wrong(field, "delist.missing", words))
            elif len(said) > LONGEST:
                found.append(_wrong(field, "delist.long", _("At most %(most)s characters.") % {"most": LONGEST}))
        if not wanted.attachment:
            found.append(_wrong("attachment", "delist.attachment", _("Upload a document that proves it.")))
        elif find_proof(wanted.attachment, seller=case.seller) is None:
            found.append(_wrong("attachment", "proof.unknown", _("The document is no longer stored. Upload it again.")))
        return found

    def begin_checking(self, case: Case[Delisting]) -> bool:
        """Keep the document as long as the submission. There is nothing to wait for."""
        use_proofs(f"submission:{case.stored.pk}", [case.document.attachment], seller=case.seller)
        return False

    def approve(self, case: Case[Delisting], *, by: str) -> None:
        wanted = case.document
        thing = node(case.product, wanted.what, wanted.key) if case.product else None
        if thing is None:
            raise Refused("delist.stopped", _("Sales of this have ended already."))
        delist.stop(thing, reason=wanted.reason, actor=by, now=case.now)

    def facts(self, document: Delisting) -> Sequence[Fact]:
        words = {"product": _("The whole product"), "spec": _("A spec"), "sku": _("A SKU")}
        named = f"{words.get(document.what, document.what)} {document.named}".strip()
        facts = [
            Fact(section="delist", field="what", label=_("What ends"), value=named),
            Fact(section="delist", field="reason", label=_("Reason"), value=document.reason, look=Look.LONG),
            Fact(section="delist", field="proof", label=_("Proof"), value=document.proof, look=Look.LONG),
        ]
        if document.attachment:
            label = _("Proof document")
            facts.append(
                Fact(section="delist", field="attachment", label=label, value=document.attachment, look=Look.PROOF)
            )
        return facts


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section="delist", field=field, code=code, words=words, rule=RULE)


KIND = Delist()
