"""Events of balances and transfers."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("topped_up", was=("ToppedUp",), about=("transfer",))
class ToppedUp(Struct, frozen=True, kw_only=True):
    """A buyer's money arrived."""

    transfer: int
    """Key of the booked transfer."""


@event("transfer_proof_given", about=("intent",))
class TransferProofGiven(Struct, frozen=True, kw_only=True):
    """A buyer or seller uploaded a proof of a transfer, which an operator checks."""

    intent: int


@event("repayment_booked", about=("intent",))
class RepaymentBooked(Struct, frozen=True, kw_only=True):
    """A seller's payment of its debt arrived and is booked."""

    intent: int


@event("transfer_rejected", about=("intent",))
class TransferRejected(Struct, frozen=True, kw_only=True):
    """An operator rejected the proof of a transfer; the intent holds the reason."""

    intent: int


@event("transfer_expired", about=("intent",))
class TransferExpired(Struct, frozen=True, kw_only=True):
    """An announced transfer expired."""

    intent: int


@event("withdrawal_moved", about=("withdrawal",))
class WithdrawalMoved(Struct, frozen=True, kw_only=True):
    """A withdrawal was requested or changed its status."""

    withdrawal: int
    status: str


@event("booking_corrected", about=("correction",))
class BookingCorrected(Struct, frozen=True, kw_only=True):
    """An operator corrected a booking; the owners of both accounts are notified."""

    correction: int
