"""Amounts that a buyer may have refunded before acceptance. No I/O (business-rules §2.10, §4.7; joint.md §4).

Amounts are in minor units of one currency.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from tradepost.market.product_types.flows.contract import Refundable


class DeliverySums(Struct, frozen=True, kw_only=True):
    """Amounts of a delivery. ``accepted``: of accepted milestones; ``refunded``: refunded so far."""

    paid: int
    accepted: int = 0
    refunded: int = 0

    @property
    def rest(self) -> int:
        """The amount that is neither accepted nor refunded."""
        return self.paid - self.accepted - self.refunded


class RefundObstacle(StrEnum):
    """Why an amount cannot be requested."""

    FORBIDDEN = "forbidden"
    NOTHING = "nothing"
    """The amount is not more than zero."""
    TOO_MUCH = "too_much"
    ONLY_ALL = "only_all"
    """Before the first delivery, only the full amount can be requested."""
    ALL_ENDS = "all_ends"
    """A refund of the full remaining amount ends the delivery."""


def refundable(at: Refundable, sums: DeliverySums) -> int:
    """Return the maximum amount that may be requested at such a node."""
    return 0 if at is Refundable.NOTHING else sums.rest


def find_obstacle(at: Refundable, sums: DeliverySums, amount: int, *, ends: bool) -> RefundObstacle | None:
    """Return the obstacle to a refund of this amount, or None. ``ends``: whether the delivery ends with it."""
    maximum = refundable(at, sums)
    if at is not Refundable.NOTHING and sums.paid == 0:
        return None  # a free delivery is only cancelled
    if maximum <= 0:
        return RefundObstacle.FORBIDDEN
    if amount <= 0:
        return RefundObstacle.NOTHING
    if amount > maximum:
        return RefundObstacle.TOO_MUCH
    if at is Refundable.WHOLE and amount < maximum:
        return RefundObstacle.ONLY_ALL
    return RefundObstacle.ALL_ENDS if amount == maximum and not ends else None


def amount_left_to_seller(sums: DeliverySums, amount: int) -> int:
    """Return the seller's amount when the delivery ends with this refund."""
    return sums.paid - sums.refunded - amount
