"""Commands of acts that may need a second operator, stored until they are approved (decision 0107).

They refer to objects by key, because the state may change before the approval.
"""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.stored import version


@version(1)
class BookTopUp(Struct, frozen=True, kw_only=True):
    """A top-up entered on an account's page. ``intent``: the announced transfer that it fulfils."""

    user: int
    minor: int
    currency: str
    reference: str
    note: str = ""
    intent: int | None = None

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


@version(1)
class BookTransfer(Struct, frozen=True, kw_only=True):
    """Confirmation that an announced transfer arrived."""

    intent: int
    minor: int
    currency: str
    bank_number: str
    payer: str = ""
    words: str = ""
    note: str = ""

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


@version(1)
class AssignMoney(Struct, frozen=True, kw_only=True):
    """Assignment of unmatched money to a buyer, or to a seller's debt (``intent``)."""

    fact: int
    buyer: int
    intent: int | None = None
    note: str


@version(1)
class SendBackMoney(Struct, frozen=True, kw_only=True):
    """Return of unmatched money to its payer."""

    fact: int
    note: str


@version(1)
class CorrectBooking(Struct, frozen=True, kw_only=True):
    """A correction of a booking. ``to``: the right buyer; ``seen``: the number of corrections that the operator had
    seen."""

    booking: int
    minor: int
    currency: str
    to: int | None = None
    reason: str
    seen: int

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


@version(1)
class PayStatement(Struct, frozen=True, kw_only=True):
    """Payout of a statement by the bank."""

    statement: int
    bank_number: str


@version(1)
class AgreeToRefund(Struct, frozen=True, kw_only=True):
    """A refund that an operator grants instead of the seller."""

    refund: int
    opinion: str


@version(1)
class PayBackOrder(Struct, frozen=True, kw_only=True):
    """Full refund of an order that stopped."""

    order: str
    reason: str


@version(1)
class DecideDispute(Struct, frozen=True, kw_only=True):
    """Decision in a dispute about a delivery."""

    supervision: int
    decision: str
    opinion: str


@version(1)
class EndService(Struct, frozen=True, kw_only=True):
    """End of a service by an operator. Paid time that has not begun is refunded."""

    service: int
    reason: str


@version(1)
class ApproveWithdrawal(Struct, frozen=True, kw_only=True):
    """Approval of a withdrawal of a buyer's balance to a bank account."""

    withdrawal: int


@version(1)
class SetLimit(Struct, frozen=True, kw_only=True):
    """The limit above which an act needs approval."""

    minor: int
    currency: str
    reason: str

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


@version(1)
class ChangeRole(Struct, frozen=True, kw_only=True):
    """Change of an account's console role; empty removes the role."""

    user: int
    role: str


@version(1)
class InviteOperator(Struct, frozen=True, kw_only=True):
    """An invitation whose mail is sent after approval. ``language``: of the mail, if the address has no account."""

    email: str
    role: str
    language: str
