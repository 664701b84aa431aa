"""What happens to an order."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("order_paid", was=("OrderPaid", "RenewalPaid"), about=("order",))
class OrderPaid(Struct, frozen=True, kw_only=True):
    """The buyer's money is held; also when nothing was to be paid. Every type of order: who reacts looks which it is."""

    order: str
    """Its number."""


@event("order_completed", was=("OrderCompleted",), about=("order",))
class OrderCompleted(Struct, frozen=True, kw_only=True):
    """Everything was delivered, and what was held is the sellers'."""

    order: str


@event("order_cancelled", was=("OrderCancelled",), about=("order",))
class OrderCancelled(Struct, frozen=True, kw_only=True):
    """It was not paid, and cannot be any more."""

    order: str
    by: str
    """``buyer``, ``market``, or ``timeout`` when the time to pay was over."""


@event("order_refunded", was=("OrderRefunded",), about=("order",))
class OrderRefunded(Struct, frozen=True, kw_only=True):
    """It was given up, and what was paid is back on the buyer's balance."""

    order: str
    reason: str
    """For sellers and operators: the buyer is not told."""


@event("order_returned", about=("order",))
class OrderReturned(Struct, frozen=True, kw_only=True):
    """Its buyer gave it back before anything was taken of it, and what was paid is back on the balance."""

    order: str


@event("order_line_reduced", about=("order",))
class LineReduced(Struct, frozen=True, kw_only=True):
    """A part of what was paid for a line is back on the buyer's balance, before it was delivered: its seller takes less."""

    order: str
    line: str
    minor: int
    """What went back with this."""


@event("auto_renewal_failed", about=("subscription",))
class AutoRenewalFailed(Struct, frozen=True, kw_only=True):
    """A service that its buyer wants renewed automatically was not: nothing was ordered."""

    subscription: int
    reason: str
    """Code of the refusal, such as ``balance.too_low``."""
    ends: datetime
    """The end of the paid time that was to be moved."""
    next_at: datetime | None
    """When it is tried again; None after the last try, before the service is deleted."""


@event("refund_requested", about=("refund",))
class RefundRequested(Struct, frozen=True, kw_only=True):
    """A buyer asks a seller for a refund, or an operator to decide one that the seller did not answer."""

    refund: int
    appeal: bool = False


@event("refund_decided", about=("refund",))
class RefundDecided(Struct, frozen=True, kw_only=True):
    """The seller or an operator agreed to a refund, or refused it; what was agreed to is paid at once."""

    refund: int
    outcome: str
    """``approved`` or ``rejected``."""


@event("refund_paid", about=("refund",))
class RefundPaid(Struct, frozen=True, kw_only=True):
    """What was paid for a service, or a part of it, is on the buyer's balance again."""

    refund: int


@event("refund_withdrawn", about=("refund",))
class RefundWithdrawn(Struct, frozen=True, kw_only=True):
    """Its buyer does not ask for it any more."""

    refund: int


@event("refund_unanswered", about=("refund",))
class RefundUnanswered(Struct, frozen=True, kw_only=True):
    """The seller has said nothing for as long as one waits: for its buyer to speak to it, or to appeal."""

    refund: int
    may_appeal: bool
