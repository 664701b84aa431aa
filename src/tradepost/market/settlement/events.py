"""What happens to a statement."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("statement_issued", about=("statement",))
class StatementIssued(Struct, frozen=True, kw_only=True):
    """Its seller may agree to it, or reject it."""

    statement: int


@event("statement_rejected", about=("statement",))
class StatementRejected(Struct, frozen=True, kw_only=True):
    """Its seller does not agree: an operator answers."""

    statement: int
    occasion: str
    """Tells one rejection from the next."""


@event("statement_answered", about=("statement",))
class StatementAnswered(Struct, frozen=True, kw_only=True):
    """It is issued again, with an operator's answer."""

    statement: int
    occasion: str


@event("statement_payment_failed", about=("statement",))
class StatementPaymentFailed(Struct, frozen=True, kw_only=True):
    """It could not be paid for a reason that its seller can mend: there is no certified account, or the bank knows none such."""

    statement: int
    occasion: str


@event("statement_paid", about=("statement",))
class StatementPaid(Struct, frozen=True, kw_only=True):
    """The market's bank paid it."""

    statement: int
