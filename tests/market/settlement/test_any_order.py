"""Sales, refunds, settlements and payouts in any order: statements are the sum of their entries, and every sum is
explained (money.md §6).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_order, make_seller
from tests.factories.products import make_offer, make_product
from tests.market.settlement.settling import RULES, assert_sound, has_account, sum_up
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.base.money import Money
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Entry
from tradepost.market.settlement.agree import sign
from tradepost.market.settlement.calendar import month_before, month_of
from tradepost.market.settlement.models import SettlementItem, Statement
from tradepost.market.settlement.payout import pay
from tradepost.market.settlement.run import create_statement

pytestmark = [pytest.mark.django_db]
DAY = timedelta(days=1)
STEPS = st.lists(
    st.sampled_from(["earn", "back", "part", "month", "sign", "pay"]), min_size=4, max_size=14
)  # fmt: skip


class Market:
    """One seller whose orders are in the ledger."""

    def __init__(self) -> None:
        self.seller, self.now, self.numbers = make_seller(), NOW, 0
        has_account(self.seller)
        self.offer = make_offer(make_product(self.seller))
        self.buyer = make_buyer(balance="100000")
        self.operator = make_buyer(balance="0")

    def earn(self) -> None:
        order = make_order(self.buyer, offer=self.offer, paid=True, now=self.now)
        line = OrderLine.objects.get(order=order)
        ledger.earn(self.seller, line.amount, reference=line.number, order_number=order.number, now=self.now)

    def refund(self, part: int = 1) -> None:
        """Refund the rest of the oldest order, or a part of it."""
        for order in Order.objects.order_by("pk"):
            left = sum(item.amount_minor for item in self._entries(order))
            if left > 0:
                self.numbers += 1
                amount = Money(-(-left // part), "CNY")
                arguments: dict[str, Any] = {
                    "reference": f"R{self.numbers}",
                    "order_number": order.number,
                    "now": self.now,
                }
                ledger.reverse_earning(self.seller, amount, **arguments)
                ledger.refund(self.buyer, amount, **arguments)
                return

    def _entries(self, order: Order) -> list[Entry]:
        account = ledger.seller_account(self.seller, "CNY")
        return list(account.entries.filter(transfer__order_number=order.number))

    def part(self) -> None:
        self.refund(3)

    def month(self) -> None:
        """A month passes and its statement is made, twice."""
        self.now += 31 * DAY
        sum_up()
        month = month_before(month_of(self.now, RULES.zone))
        statement = create_statement(self.seller, "CNY", month, rules=RULES, now=self.now)
        before = SettlementItem.objects.filter(statement=None).count()
        assert create_statement(self.seller, "CNY", month, rules=RULES, now=self.now) is None or statement is None
        assert SettlementItem.objects.filter(statement=None).count() == before

    def sign(self) -> None:
        for statement in Statement.objects.filter(status="countersign").order_by("pk")[:1]:
            sign(statement, actor="owner", now=self.now)

    def pay(self) -> None:
        for statement in Statement.objects.filter(status="paying").order_by("pk")[:1]:
            self.numbers += 1
            pay(statement, f"BANK-{self.numbers}", by=self.operator, now=self.now)
            with pytest.raises(IllegalTransition):
                pay(statement, f"AGAIN-{self.numbers}", by=self.operator, now=self.now)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_statements_are_the_sum_of_their_entries(steps: list[str]) -> None:
    from django.db import transaction

    with transaction.atomic():
        market = Market()
        for step in [*steps, "month", "sign", "pay"]:
            getattr(market, step)()
            assert assert_sound() == [], step
        transaction.set_rollback(True)
