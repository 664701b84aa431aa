"""Reactions to events of ``payments``."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.billing import collect_debt
from tradepost.market.notifications import transfer_reactions, withdrawal_reactions
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import transfers
from tradepost.market.orders import wait_for_transfer
from tradepost.market.payments.events import (
    BookingCorrected,
    RepaymentBooked,
    ToppedUp,
    TransferExpired,
    TransferProofGiven,
    TransferRejected,
    WithdrawalMoved,
)


def extend_order(event: TransferProofGiven, now: datetime) -> None:
    """Keep the order that a transfer pays for open until an operator has checked the proof."""
    wait_for_transfer.on_transfer_proof_given(event, now, longest=timedelta(days=config().payments.transfer_order_days))


REACTIONS = (
    on(ToppedUp, collect_debt.on_topped_up, transfer_reactions.on_topped_up),
    on(BookingCorrected, collect_debt.on_booking_corrected, transfer_reactions.on_booking_corrected),
    on(WithdrawalMoved, collect_debt.on_withdrawal_moved, withdrawal_reactions.on_withdrawal_moved),
    on(TransferProofGiven, extend_order, notify(transfers.PROOF_GIVEN)),
    on(RepaymentBooked, transfer_reactions.on_repayment_booked),
    on(TransferRejected, notify(transfers.REJECTED)),
    on(TransferExpired, notify(transfers.EXPIRED)),
)
