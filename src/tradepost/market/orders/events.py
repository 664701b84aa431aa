"""Events of orders and refunds."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("order_paid", was=("OrderPaid", "RenewalPaid"), about=("order",))
class OrderPaid(Struct, frozen=True, kw_only=True):
    """An order of any type was paid, or needed no payment. The market holds the money."""

    order: str
    """Order number."""


@event("order_completed", was=("OrderCompleted",), about=("order",))
class OrderCompleted(Struct, frozen=True, kw_only=True):
    """All lines were delivered and the sellers earned the payment."""

    order: str


@event("order_cancelled", was=("OrderCancelled",), about=("order",))
class OrderCancelled(Struct, frozen=True, kw_only=True):
    """An unpaid order was cancelled or its payment time is over."""

    order: str
    by: str
    """``buyer``, ``market``, or ``timeout`` at the end of the payment time."""


@event("order_refunded", was=("OrderRefunded",), about=("order",))
class OrderRefunded(Struct, frozen=True, kw_only=True):
    """The order could not be delivered and its payment was refunded to the buyer's balance."""

    order: str
    reason: str
    """For sellers and operators only; buyers do not see it."""


@event("order_returned", about=("order",))
class OrderReturned(Struct, frozen=True, kw_only=True):
    """The buyer returned the order before using it, and the payment was refunded to the balance."""

    order: str


@event("order_line_reduced", about=("order",))
class LineReduced(Struct, frozen=True, kw_only=True):
    """Part of the price of a line was refunded before delivery, so its seller earns less."""

    order: str
    line: str
    minor: int
    """Amount of this refund."""


@event("auto_renewal_failed", about=("subscription",))
class AutoRenewalFailed(Struct, frozen=True, kw_only=True):
    """An automatic renewal failed; no order was placed."""

    subscription: int
    reason: str
    """Code of the refusal, such as ``balance.too_low``."""
    ends: datetime
    """End of the paid time that the renewal would have extended."""
    next_at: datetime | None
    """Next attempt; None after the last attempt before the service is deleted."""


@event("refund_requested", about=("refund",))
class RefundRequested(Struct, frozen=True, kw_only=True):
    """A buyer requested a refund from a seller, or appealed to an operator."""

    refund: int
    appeal: bool = False


@event("refund_decided", about=("refund",))
class RefundDecided(Struct, frozen=True, kw_only=True):
    """The seller or an operator approved or rejected a refund. An approved refund is paid at once."""

    refund: int
    outcome: str
    """``approved`` or ``rejected``."""


@event("refund_paid", about=("refund",))
class RefundPaid(Struct, frozen=True, kw_only=True):
    """A refund was paid to the buyer's balance."""

    refund: int


@event("refund_withdrawn", about=("refund",))
class RefundWithdrawn(Struct, frozen=True, kw_only=True):
    """The buyer withdrew the refund request."""

    refund: int


@event("refund_unanswered", about=("refund",))
class RefundUnanswered(Struct, frozen=True, kw_only=True):
    """The seller has not answered a refund request within a response time; the buyer may contact the seller or appeal."""

    refund: int
    may_appeal: bool
