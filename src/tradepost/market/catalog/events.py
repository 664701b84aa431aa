"""Events of products and their sale."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("product_frozen", about=("product",))
class ProductFrozen(Struct, frozen=True, kw_only=True):
    """Sales of a product were suspended: it is hidden and not sold; existing services continue."""

    product: int
    cause: str
    """The reason, as entered by the operator; its seller reads it."""
    at: datetime
    failing_days: int = 0
    """Failing days of its probes, if these caused it instead of a person."""


@event("product_unfrozen", about=("product",))
class ProductUnfrozen(Struct, frozen=True, kw_only=True):
    """Suspended sales of a product resumed."""

    product: int
    at: datetime


@event("product_stopped", about=("product",))
class ProductStopped(Struct, frozen=True, kw_only=True):
    """Sales of a product, or a part of it, ended permanently; existing services run to their end."""

    product: int
    what: str
    """``product``, ``spec`` or ``sku``."""
    key: str
    """The spec's key, or the SKU's code; empty for the whole product."""
    reason: str
    by_operator: bool
    at: datetime


@event("stock_empty", about=("product",))
class StockEmpty(Struct, frozen=True, kw_only=True):
    """A product is sold out."""

    product: int
    at: datetime


@event("upgrade_rule_lapsed", about=("rule",))
class UpgradeRuleLapsed(Struct, frozen=True, kw_only=True):
    """A later version, or a stop, ended an upgrade rule, which has the reason."""

    rule: int
    at: datetime


@event("category_renamed", about=("category",))
class CategoryRenamed(Struct, frozen=True, kw_only=True):
    """A category was renamed. Searches use the names of categories, so the shelf is indexed again, one batch per
    event."""

    category: int
    after: int = 0
    """The key of the last indexed product."""
