"""Fee policies set in the console: general, per product type, or per seller, each with dates.

The month of payment decides the policy of an order line or a month's usage, also for later refunds. The most specific
policy applies: seller and product type, seller, product type, general; otherwise the settings. A policy that has begun
cannot be changed, only ended and followed by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller

from .fee import FeePolicy
from .models import FeeRule, SettlementItem


class Policies(Struct, frozen=True):
    """``default``: policy of the settings."""

    default: FeePolicy
    rules: Sequence[FeeRule] = ()

    def of(self, seller: int, product_type: str, month: date) -> FeePolicy:
        """Return the policy for payments in the month, given by its first day."""
        matching = [
            rule
            for rule in self.rules
            if rule.seller_id in {None, seller} and rule.product_type in {"", product_type} and rule.counts_in(month)
        ]
        best = max(
            matching, key=lambda rule: (rule.seller_id is not None, rule.product_type != "", rule.starts), default=None
        )
        return best.policy if best is not None else self.default


def policies_of_items(items: Sequence[SettlementItem], default: FeePolicy) -> dict[int, FeePolicy]:
    """Return the policies by item key, in at most two statements."""
    sellers = {item.seller_id for item in items}
    rules = list(FeeRule.objects.filter(Q(seller=None) | Q(seller__in=sellers)).order_by("pk"))
    if not rules:
        return {item.pk: default for item in items}
    types = dict(
        Product.objects.filter(pk__in={item.product_id for item in items if item.product_id}).values_list(
            "pk", "product_type"
        )
    )
    policies = Policies(default, rules)
    return {
        item.pk: policies.of(item.seller_id, types.get(item.product_id or 0, ""), item.paid_month) for item in items
    }


def lowest_seller_share(seller: Seller, default: FeePolicy) -> Decimal:
    """Return the smallest seller's share of all policies that could apply."""
    shares = FeeRule.objects.filter(Q(seller=None) | Q(seller=seller)).values_list("share", flat=True)
    return min([default.share, *shares])


def add(values: dict[str, Any], *, this_month: date) -> FeeRule:
    """Add a policy that begins this month or later. Raises ``Refused`` for a past month, or if one with the same scope
    begins then."""
    rule = FeeRule(**values)
    if rule.starts < this_month:
        words = _("A policy begins this month or later. Statements of earlier months may have been made.")
        raise Refused("fee.past", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="starts")
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError:
        words = _("Another policy with the same scope begins in this month. Delete it first.")
        raise Refused("fee.twice", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="starts") from None
    return rule


def end(rule: FeeRule, *, next_month: date, by: str) -> None:
    """End a policy after this month. Raises ``Refused`` if it has ended or not begun."""
    with transaction.atomic():
        locked_rule = FeeRule.objects.select_for_update().get(pk=rule.pk)
        if locked_rule.ends is not None and locked_rule.ends <= next_month:
            raise Refused("fee.ended", _("This policy has ended already."))
        if locked_rule.starts >= next_month:
            raise Refused("fee.planned", _("This policy has not begun. Delete it instead."))
        locked_rule.ends, locked_rule.ended_by = next_month, by
        locked_rule.save(update_fields=["ends", "ended_by"])


def delete(rule: FeeRule, *, this_month: date) -> None:
    """Delete a policy that has not begun. Raises ``Refused`` otherwise."""
    with transaction.atomic():
        locked_rule = FeeRule.objects.select_for_update().get(pk=rule.pk)
        if locked_rule.starts <= this_month:
            raise Refused("fee.begun", _("This policy has begun. It can only end."))
        locked_rule.delete()
