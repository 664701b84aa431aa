"""Reactions to events of ``billing``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.billing import arrears
from tradepost.market.billing.events import (
    ArrearsBegan,
    ArrearsCleared,
    CreditWaits,
    DebtChanged,
    QuotaLow,
    QuotaUsedUp,
    RepurchaseFailed,
)
from tradepost.market.notifications import invoice_reactions, package_reactions, usage_reactions


def debt_changed(event: DebtChanged, now: datetime) -> None:
    """Start, change or end the arrears of a buyer."""
    arrears.on_debt_changed(event, now, levels=arrears.levels_from(config()))


REACTIONS = (
    on(CreditWaits, invoice_reactions.on_credit_waits),
    on(ArrearsBegan, usage_reactions.on_arrears_began),
    on(ArrearsCleared, usage_reactions.on_arrears_cleared),
    on(QuotaLow, package_reactions.on_quota_low),
    on(QuotaUsedUp, package_reactions.on_quota_used_up),
    on(RepurchaseFailed, package_reactions.on_repurchase_failed),
    on(DebtChanged, debt_changed),
)
