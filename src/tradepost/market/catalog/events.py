"""What happens to products and to their sale."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("product_frozen", about=("product",))
class ProductFrozen(Struct, frozen=True, kw_only=True):
    """Its trading was frozen: it is hidden and not sold; services that are in use go on."""

    product: int
    cause: str
    """In the words of whoever froze it: its seller reads it."""
    at: datetime
    failing_days: int = 0
    """Of its probes, when they are why, and no person."""


@event("product_unfrozen", about=("product",))
class ProductUnfrozen(Struct, frozen=True, kw_only=True):
    product: int
    at: datetime


@event("product_stopped", about=("product",))
class ProductStopped(Struct, frozen=True, kw_only=True):
    """Sales of it, or of a part of it, ended for good; services that are in use run to their end."""

    product: int
    what: str
    """``product``, ``spec`` or ``sku``."""
    key: str
    """Of the spec, or the SKU's code; empty for the whole product."""
    reason: str
    by_operator: bool
    at: datetime


@event("stock_empty", about=("product",))
class StockEmpty(Struct, frozen=True, kw_only=True):
    """Nothing is left of it to sell."""

    product: int
    at: datetime


@event("upgrade_rule_lapsed", about=("rule",))
class UpgradeRuleLapsed(Struct, frozen=True, kw_only=True):
    """A later version, or a stop, made an upgrade rule impossible; the rule says why."""

    rule: int
    at: datetime


@event("category_renamed", about=("category",))
class CategoryRenamed(Struct, frozen=True, kw_only=True):
    """Searches find products by the names of their category, so the shelf is indexed again, a batch per event."""

    category: int
    after: int = 0
    """The last product that was indexed."""
