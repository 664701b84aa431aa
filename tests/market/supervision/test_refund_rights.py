"""Refunds before the acceptance, and division of a price by milestones: the computed examples of joint.md §4."""

from __future__ import annotations

import pytest

from tradepost.market.base.money import Money
from tradepost.market.product_types.flows.contract import Refundable
from tradepost.market.supervision.milestones import split
from tradepost.market.supervision.refund_rights import (
    DeliverySums,
    RefundObstacle,
    amount_left_to_seller,
    find_obstacle,
    refundable,
)

FIRST = DeliverySums(paid=10001, accepted=5001)
"""10001 by 50, 30 and 20, the first accepted."""
NEW = DeliverySums(paid=10001)
REST, WHOLE, NOTHING = Refundable.REST, Refundable.WHOLE, Refundable.NOTHING


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10000, (1, 1, 1), (3334, 3333, 3333)),
        (10001, (50, 30, 20), (5001, 3000, 2000)),
        (99999, (33, 33, 34), (33000, 33000, 33999)),
        (1, (1, 1, 1), (1, 0, 0)),
    ],
)
def test_price_is_divided_by_largest_remainder(total: int, weights: tuple[int, ...], parts: tuple[int, ...]) -> None:
    assert split(Money(total, "CNY"), weights) == parts


@pytest.mark.parametrize(
    ("at", "sums", "most"),
    [
        (REST, FIRST, 5000),
        (REST, NEW, 10001),
        (WHOLE, NEW, 10001),
        (NOTHING, NEW, 0),
        (REST, DeliverySums(paid=10001, accepted=5001, refunded=4000), 1000),
        (REST, DeliverySums(paid=10001, accepted=10001), 0),
    ],
)
def test_refundable_is_paid_less_accepted_less_refunded(at: Refundable, sums: DeliverySums, most: int) -> None:
    assert refundable(at, sums) == most


@pytest.mark.parametrize(
    ("at", "sums", "amount", "ends", "obstacle"),
    [
        (REST, FIRST, 5000, True, None),
        (REST, FIRST, 5001, True, RefundObstacle.TOO_MUCH),
        (REST, FIRST, 0, True, RefundObstacle.NOTHING),
        (REST, FIRST, -1, False, RefundObstacle.NOTHING),
        (REST, FIRST, 4000, True, None),
        (REST, FIRST, 4000, False, None),
        (REST, FIRST, 5000, False, RefundObstacle.ALL_ENDS),
        (WHOLE, NEW, 10001, True, None),
        (WHOLE, NEW, 4000, True, RefundObstacle.ONLY_ALL),
        (WHOLE, NEW, 4000, False, RefundObstacle.ONLY_ALL),
        (NOTHING, NEW, 1, True, RefundObstacle.FORBIDDEN),
        (REST, DeliverySums(paid=10001, accepted=10001), 1, True, RefundObstacle.FORBIDDEN),
        (REST, DeliverySums(paid=0), 0, True, None),
        (NOTHING, DeliverySums(paid=0), 0, True, RefundObstacle.FORBIDDEN),
    ],
)
def test_refund_that_can_be_requested(
    at: Refundable, sums: DeliverySums, amount: int, ends: bool, obstacle: RefundObstacle | None
) -> None:
    assert find_obstacle(at, sums, amount, ends=ends) == obstacle


def test_rest_belongs_to_the_seller() -> None:
    """x = 4000 of 10001: buyer 4000, seller 6001."""
    assert [amount_left_to_seller(FIRST, x) for x in (4000, 5000)] == [6001, 5001]
    assert amount_left_to_seller(NEW, 10001) == 0
