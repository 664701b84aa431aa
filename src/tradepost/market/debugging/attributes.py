"""Check that the attributes of drafted SKUs in a test call exist in the seller's attribute management.

business-rules §3.4: "product attributes must exist in attribute management before debug". Numbers appear as ``amount``,
``diskSize`` and ``bandWidth``, whatever their names. Listed SKUs are not checked, since deleting an attribute does not
affect them (§3.4). Unknown codes are sample values.
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
"""Request fields that name a SKU, alone or in ``productInfo``."""


def attribute_errors(seller: Seller, values: Mapping[str, str]) -> dict[str, Text]:
    """Return messages by the path of each field that names a SKU with missing attributes."""
    sku_codes = {path: value for path, value in values.items() if value and path.rpartition(".")[2] in NAMES_A_SKU}
    messages: dict[str, Text] = {}
    for path, code in sku_codes.items():
        spec = _drafted(seller, code)
        if spec is not None and (missing_names := list(_missing(seller, spec))):
            messages[path] = _message(missing_names)
    return messages


def _drafted(seller: Seller, code: str) -> Spec | None:
    """Return the specification of a draft with this SKU, unless the SKU is listed."""
    if Sku.objects.filter(code=code).exists() or Offer.objects.filter(product_id=code).exists():
        return None
    drafts = Version.objects.filter(product__seller=seller, status__in=UNLISTED)
    candidates = drafts.annotate(text=Cast("document", TextField())).filter(text__contains=code)
    for document in candidates.values_list("document", flat=True):
        if (spec := _spec_with(load(document), code)) is not None:
            return spec
    return None


def _spec_with(document: Document, code: str) -> Spec | None:
    for spec in document.pricing.specs:
        if any(sku.code == code or any(price.product_id == code for price in sku.prices) for sku in spec.skus):
            return spec
    return None


def _missing(seller: Seller, spec: Spec) -> Iterator[Text]:
    """Yield missing attributes. The copy in a product is matched by name, since it stores nothing else."""
    attributes = insertable(seller).values()
    names = {
        name.casefold()
        for existing in attributes
        for name in (existing.code, existing.name.zh, existing.name.en)
        if name
    }
    for attribute in spec.attributes:
        if not {attribute.name.zh.casefold(), attribute.name.en.casefold()} & names:
            yield attribute.name


def _message(missing_names: list[Text]) -> Text:
    english = ", ".join(f"“{name.en or name.zh}”" for name in missing_names)
    chinese = "、".join(f"“{name.zh or name.en}”" for name in missing_names)
    return Text(
        en=f"The product of this code is sold by {english}, which your attribute management does not have. Describe it there "
        f"first ({RULE}).",
        zh=f"该编码所属商品使用了属性{chinese}，但属性管理中没有。请先在属性管理中添加（{RULE}）。",
    )
