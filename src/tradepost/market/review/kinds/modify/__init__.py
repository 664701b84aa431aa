"""Change of a product on sale; the listed version is sold until the change is approved (business-rules §2.8)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import Seller
from tradepost.market.review.product_versions import ProductVersion


class Modify(ProductVersion):
    name = "modify"
    title = gettext_lazy("Change a product on sale")
    purpose = Purpose.MODIFY

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status not in {Product.Status.ON_SALE, Product.Status.FROZEN}:
            raise Refused("modify.not_listed", _("This product is not on sale."))

    def standing(self, seller: Seller, *, product: Product | None) -> Document | None:
        return listed_document(product) if product is not None else None


KIND = Modify()
