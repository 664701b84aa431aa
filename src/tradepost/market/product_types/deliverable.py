"""Whether this market can deliver a kind of product: some need more than the market itself (business-rules §2.1)."""

from __future__ import annotations

from django.conf import settings

from tradepost.protocols.text import Text

from .contract import DeliveredBy, ProductType
from .registry import product_types


def why_undeliverable(kind: ProductType) -> Text | None:
    """Why this market cannot deliver it; None when it can. Servers need the cloud that a setting names."""
    if kind.delivery is DeliveredBy.COMPUTE and settings.CLOUD:
        return None
    return kind.undeliverable


def by_cloud(code: str) -> bool:
    """Whether products of this kind run on servers of a cloud: no seller is asked to make them."""
    kind = product_types().get(code)
    return kind is not None and kind.delivery is DeliveredBy.COMPUTE
