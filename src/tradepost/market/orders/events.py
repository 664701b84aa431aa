"""What happens to an order."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("order_paid", was=("OrderPaid", "RenewalPaid"), about=("order",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid:
    """The buyer's money is held; also when nothing was to be paid. Every type of order: who reacts looks which it is."""

    order: str
    """Its number."""


@event("order_completed", was=("OrderCompleted",), about=("order",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCompleted:
    """Everything was delivered, and what was held is the sellers'."""

    order: str


@event("order_cancelled", was=("OrderCancelled",), about=("order",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """It was not paid, and cannot be any more."""

    order: str
    by: str
    """``buyer``, ``market``, or ``timeout`` when the time to pay was over."""


@event("order_refunded", was=("OrderRefunded",), about=("order",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded:
    """It was given up, and what was paid is back on the buyer's balance."""

    order: str
    reason: str
    """For sellers and operators: the buyer is not told."""
