"""What happens to balances."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("topped_up", was=("ToppedUp",), about=("transfer",))
class ToppedUp(Struct, frozen=True, kw_only=True):
    """Money of a buyer arrived."""

    transfer: int
    """Key of the booked transfer."""


@event("transfer_proof_given", about=("intent",))
class TransferProofGiven(Struct, frozen=True, kw_only=True):
    """A buyer showed a document of a transfer: an operator looks at it."""

    intent: int


@event("transfer_rejected", about=("intent",))
class TransferRejected(Struct, frozen=True, kw_only=True):
    """An operator did not accept the proof of a transfer; why stands in the intent."""

    intent: int


@event("transfer_expired", about=("intent",))
class TransferExpired(Struct, frozen=True, kw_only=True):
    """An announced transfer is not waited for any more."""

    intent: int
