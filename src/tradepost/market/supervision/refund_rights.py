"""What a buyer may have paid back of a delivery that is not accepted, by where it stands: pure (business-rules §2.10, §4.7;
joint.md §4). Amounts in minor units of one currency."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from tradepost.market.product_types.flows.contract import Refundable


class Sums(Struct, frozen=True, kw_only=True):
    """Of one delivery. ``accepted``: of the milestones that were; ``refunded``: what went back already."""

    paid: int
    accepted: int = 0
    refunded: int = 0

    @property
    def rest(self) -> int:
        """What nothing was accepted for and what is still held."""
        return self.paid - self.accepted - self.refunded


class Against(StrEnum):
    """Why so much cannot be asked for."""

    FORBIDDEN = "forbidden"
    NOTHING = "nothing"
    """Not more than zero."""
    TOO_MUCH = "too_much"
    ONLY_ALL = "only_all"
    """Before anything was delivered all of it is asked for, or nothing."""
    ALL_ENDS = "all_ends"
    """Where all that is left goes back, nothing is left to be delivered for it."""


def refundable(at: Refundable, sums: Sums) -> int:
    """The most that may be asked for at such a node."""
    return 0 if at is Refundable.NOTHING else sums.rest


def against(at: Refundable, sums: Sums, amount: int, *, ends: bool) -> Against | None:
    """What stands against paying this back; None when nothing does. ``ends``: whether the delivery ends with it."""
    most = refundable(at, sums)
    if at is not Refundable.NOTHING and sums.paid == 0:
        return None  # what costs nothing is only cancelled
    if most <= 0:
        return Against.FORBIDDEN
    if amount <= 0:
        return Against.NOTHING
    if amount > most:
        return Against.TOO_MUCH
    if at is Refundable.WHOLE and amount < most:
        return Against.ONLY_ALL
    return Against.ALL_ENDS if amount == most and not ends else None


def kept(sums: Sums, amount: int) -> int:
    """What is the seller's when the delivery ends with so much paid back."""
    return sums.paid - sums.refunded - amount
