"""What happens to a statement."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("statement_issued", about=("statement",))
@dataclass(frozen=True, slots=True, kw_only=True)
class StatementIssued:
    """Its seller may agree to it, or reject it."""

    statement: int


@event("statement_rejected", about=("statement",))
@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRejected:
    """Its seller does not agree: an operator answers."""

    statement: int
    occasion: str
    """Tells one rejection from the next."""


@event("statement_answered", about=("statement",))
@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAnswered:
    """It is issued again, with an operator's answer."""

    statement: int
    occasion: str


@event("statement_payment_failed", about=("statement",))
@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPaymentFailed:
    """It could not be paid for a reason that its seller can mend: there is no certified account, or the bank knows none such."""

    statement: int
    occasion: str


@event("statement_paid", about=("statement",))
@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPaid:
    """The market's bank paid it."""

    statement: int
