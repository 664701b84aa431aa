"""Find products by the productId of an offer, which sellers, orders and calls contain."""

from __future__ import annotations

from .models import Offer


def products_with_id(product_id: str) -> list[int]:
    """Return the keys of the products that have an offer with this productId, in upper case or as entered."""
    offers = Offer.objects.filter(product_id__in={product_id, product_id.upper()})
    return list(offers.values_list("sku__spec__product", flat=True))
