"""Submission of a product that was never sold, for listing in the store (business-rules §2.3–§2.5)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import Seller
from tradepost.market.review.product_versions import ProductVersion


class Publish(ProductVersion):
    name = "publish"
    title = gettext_lazy("Publish a product")
    purpose = Purpose.SUBMIT

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status != Product.Status.DRAFT:
            raise Refused("publish.listed", _("This product is already published. Submit a change to it."))


KIND = Publish()
