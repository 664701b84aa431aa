"""Events of statements."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("statement_issued", about=("statement",))
class StatementIssued(Struct, frozen=True, kw_only=True):
    """The seller can approve or reject a new statement."""

    statement: int


@event("statement_rejected", about=("statement",))
class StatementRejected(Struct, frozen=True, kw_only=True):
    """The seller rejected a statement; an operator must answer."""

    statement: int
    occasion: str
    """Distinguishes repeated rejections."""


@event("statement_answered", about=("statement",))
class StatementAnswered(Struct, frozen=True, kw_only=True):
    """An operator answered and issued the statement again."""

    statement: int
    occasion: str


@event("statement_payment_failed", about=("statement",))
class StatementPaymentFailed(Struct, frozen=True, kw_only=True):
    """A statement could not be paid because the seller has no certified account, or the bank does not know the account."""

    statement: int
    occasion: str


@event("statement_paid", about=("statement",))
class StatementPaid(Struct, frozen=True, kw_only=True):
    """The market's bank paid the statement."""

    statement: int
