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
