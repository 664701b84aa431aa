"""Personal data of the catalog: companies publish products, which stay; erased buyers are removed from sales
targets."""

from __future__ import annotations

from tradepost.market.base.personal import Deleted, Personal

from .models import TargetBuyer

PERSONAL = Personal(
    deleted=(
        Deleted(model=TargetBuyer, whose="email__iexact", by="email"),
        Deleted(model=TargetBuyer, whose="customer_id", by="customer_id"),
    ),
    kept={"catalog.": "products of companies"},
)
