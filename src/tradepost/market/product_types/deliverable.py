"""Check whether this market can deliver a kind of product: some kinds need external systems (business-rules §2.1)."""

from __future__ import annotations

from django.conf import settings

from tradepost.protocols.text import Text

from .contract import DeliveryMethod, ProductType
from .registry import product_types


def reason_undeliverable(kind: ProductType) -> Text | None:
    """Return why this market cannot deliver the kind; None if it can. Servers need the cloud that a setting names."""
    if kind.delivery is DeliveryMethod.COMPUTE and settings.CLOUD:
        return None
    return kind.undeliverable


def runs_in_cloud(code: str) -> bool:
    """Return whether products of this kind run on servers of a cloud, without calls to a seller."""
    kind = product_types().get(code)
    return kind is not None and kind.delivery is DeliveryMethod.COMPUTE
