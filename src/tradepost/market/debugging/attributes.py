"""What a test call names is described first: attributes of a drafted SKU stand in the seller's attribute management
(business-rules §3.4: "product attributes must exist in attribute management before debug").

Numbers go out as ``amount``, ``diskSize`` and ``bandWidth``, whatever they are called. A SKU that is listed is not asked: to
delete an attribute there does not affect it (§3.4). A code that is none of this seller's is a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db.models import TextField
from django.db.models.functions import Cast

from tradepost.market.catalog.attribute_templates import RULE, insertable
from tradepost.market.catalog.document import Document, Spec, load
from tradepost.market.catalog.models import Offer, Sku, Version
from tradepost.market.identity.models import Seller
from tradepost.protocols.text import Text

UNLISTED = (Version.Status.DRAFT, Version.Status.SEALED)
NAMES_A_SKU = frozenset({"skuCode", "productId"})
"""Members of requests by which a SKU is named, alone or in ``productInfo``."""


def undescribed(seller: Seller, values: Mapping[str, str]) -> dict[str, Text]:
    """Words by the path of the field that names such a SKU; empty for what may be asked."""
    named = {path: value for path, value in values.items() if value and path.rpartition(".")[2] in NAMES_A_SKU}
    found: dict[str, Text] = {}
    for path, code in named.items():
        spec = _drafted(seller, code)
        if spec is not None and (missing := list(_missing(seller, spec))):
            found[path] = _words(missing)
    return found


def _drafted(seller: Seller, code: str) -> Spec | None:
    """The spec of a draft that has this SKU, while it is not listed."""
    if Sku.objects.filter(code=code).exists() or Offer.objects.filter(product_id=code).exists():
        return None
    drafts = Version.objects.filter(product__seller=seller, status__in=UNLISTED)
    holding = drafts.annotate(text=Cast("document", TextField())).filter(text__contains=code)
    for document in holding.values_list("document", flat=True):
        if (spec := _spec_with(load(document), code)) is not None:
            return spec
    return None


def _spec_with(document: Document, code: str) -> Spec | None:
    for spec in document.pricing.specs:
        if any(sku.code == code or any(price.product_id == code for price in sku.prices) for sku in spec.skus):
            return spec
    return None


def _missing(seller: Seller, spec: Spec) -> Iterator[Text]:
    """A copy in a product keeps the names of an attribute, and nothing else that it could be known by."""
    kept = insertable(seller).values()
    names = {name.casefold() for each in kept for name in (each.code, each.name.zh, each.name.en) if name}
    for attribute in spec.attributes:
        if not {attribute.name.zh.casefold(), attribute.name.en.casefold()} & names:
            yield attribute.name


def _words(missing: list[Text]) -> Text:
    english = ", ".join(f"“{name.en or name.zh}”" for name in missing)
    chinese = "、".join(f"“{name.zh or name.en}”" for name in missing)
    return Text(
        en=f"The product of this code is sold by {english}, which your attribute management does not have. Describe it there "
        f"first ({RULE}).",
        zh=f"该编码所属商品使用了属性{chinese}，但属性管理中没有。请先在属性管理中添加（{RULE}）。",
    )
