"""What happens to balances."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("topped_up", was=("ToppedUp",), about=("transfer",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ToppedUp:
    """Money of a buyer arrived."""

    transfer: int
    """Key of the booked transfer."""


@event("transfer_proof_given", about=("intent",))
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProofGiven:
    """A buyer showed a document of a transfer: an operator looks at it."""

    intent: int


@event("transfer_rejected", about=("intent",))
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRejected:
    """An operator did not accept the proof of a transfer; why stands in the intent."""

    intent: int


@event("transfer_expired", about=("intent",))
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferExpired:
    """An announced transfer is not waited for any more."""

    intent: int
