"""Debt of a seller to the market: refunds of paid-out orders beyond later earnings (business-rules §8.2: "Refund:
deducted from this/next settlement, then deposit, then payment").

The market takes no deposit. A seller can pay by bank transfer what the next statement cannot deduct; otherwise later
earnings cover it.
"""

from __future__ import annotations

from django.db.models import Sum

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.payments.models import Account, Entry

from .collect import REPAYMENT_REASONS
from .fee import FeePolicy
from .fee_rules import lowest_seller_share
from .models import OpenSum, Progress, SettlementItem
from .run import lines_of_items


def debt_of_seller(seller: Seller, currency: str, policy: FeePolicy) -> Money:
    """Return the seller's debt after the fee; zero if earnings cover it.

    Refunds and earnings count once collected, usually the night before; payments count at once. A refund also returns
    the fee of its order, so the debt can be less than the negative balance.
    """
    if seller.self_operated or _is_covered(seller, currency, policy):
        return Money(0, currency)
    open_items = SettlementItem.objects.filter(seller=seller, currency=currency, statement=None).order_by("pk")
    net = sum(line.net_minor for line in lines_of_items(list(open_items), policy)) + _payments_not_collected(
        seller, currency
    )
    return Money(max(-net, 0), currency)


def _is_covered(seller: Seller, currency: str, policy: FeePolicy) -> bool:
    """Return whether earnings exceed refunds even without returned fees. This is nearly always so, and needs no items."""
    open_sum = OpenSum.objects.filter(seller=seller, currency=currency).first()
    return (
        open_sum is None or open_sum.earned_minor * lowest_seller_share(seller, policy) + open_sum.refunded_minor >= 0
    )


def _payments_not_collected(seller: Seller, currency: str) -> int:
    """Return payments of the seller that are not yet collected as items."""
    through = Progress.objects.values_list("through", flat=True).first() or 0
    account = Account.objects.filter(kind=Account.Kind.SELLER, seller=seller, currency=currency).first()
    if account is None:
        return 0
    since = Entry.objects.filter(account=account, pk__gt=through, transfer__reason__in=REPAYMENT_REASONS)
    return since.aggregate(total=Sum("amount_minor"))["total"] or 0
