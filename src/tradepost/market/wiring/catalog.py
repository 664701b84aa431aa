"""Reactions to events of ``catalog``."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tradepost.market.base.events import on
from tradepost.market.catalog import reactions as catalog
from tradepost.market.catalog.events import (
    CategoryRenamed,
    ProductFrozen,
    ProductStopped,
    ProductUnfrozen,
    StockEmpty,
    UpgradeRuleLapsed,
)
from tradepost.market.notifications import product_reactions
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import products
from tradepost.market.probes import selling_again


def restart_probes(event: ProductUnfrozen, now: datetime) -> None:
    """Probe a product again from the day on which its sales resumed."""
    selling_again.on_unfrozen(event.product, day=event.at.astimezone(timezone.get_default_timezone()).date(), now=now)


def stop_probes(event: ProductStopped, now: datetime) -> None:
    """Stop probing a product whose sales ended. A part of a product has no probes."""
    if event.what == "product":
        selling_again.on_stopped(event.product, now=now)


REACTIONS = (
    on(CategoryRenamed, catalog.on_category_renamed),
    on(ProductFrozen, notify(products.FROZEN)),
    on(ProductUnfrozen, restart_probes, notify(products.UNFROZEN)),
    on(ProductStopped, stop_probes, notify(products.STOPPED)),
    on(StockEmpty, notify(products.STOCK_EMPTY)),
    on(UpgradeRuleLapsed, product_reactions.on_upgrade_rule_lapsed),
)
