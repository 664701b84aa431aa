"""Approve or reject a statement as a seller; answer and issue it again as an operator (business-rules §8.1, §8.4).

On approval, its amount leaves the seller's balance: the fee goes to the market, the rest will be paid out. Concurrent
approvals book once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.identity.models import User
from tradepost.market.payments import settling

from .events import StatementAnswered, StatementRejected
from .lifecycle import STATEMENT, StatementEvent
from .models import Statement
from .payout import begin_payment, locked
from .rules import SettlementRules
from .run import wait_for_answer
from .texts import checked_text

MARKET_ACTOR = "market"


def sign(statement: Statement, *, actor: str, now: datetime) -> None:
    """Approve the statement for its seller. Raises ``IllegalTransition`` if that is not possible."""
    with transaction.atomic():
        current_statement = locked(statement)
        STATEMENT.after(current_statement.status, StatementEvent.SIGN)
        booked_transfer = settling.settle(
            current_statement.seller,
            gross=current_statement.gross,
            fee=current_statement.fee,
            reference=current_statement.number,
            actor=actor,
            now=now,
        )
        STATEMENT.move_all(
            [current_statement],
            StatementEvent.SIGN,
            now=now,
            actor=actor,
            signed_at=now,
            settled=booked_transfer,
            reason="",
        )
        begin_payment(current_statement, now=now)


def reject(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """Reject the statement with a reason. Raises ``Refused``."""
    reason_text = checked_text(reason, "reason", _("Describe what is wrong. The operator answers it."))
    with transaction.atomic():
        current_statement = locked(statement)
        STATEMENT.move_all(
            [current_statement],
            StatementEvent.REJECT,
            now=now,
            actor=by.email,
            note=reason_text,
            reason=reason_text,
            answer="",
        )
        outbox.publish(StatementRejected(statement=current_statement.pk, occasion=_event_occasion(now)), now=now)


def reissue(statement: Statement, answer: str, *, by: User, rules: SettlementRules, now: datetime) -> None:
    """Issue a rejected statement again with an operator's answer. The seller may approve or reject it again.

    Its amounts stay as in the books; an error in an order is corrected by a refund on the next statement. Raises
    ``Refused``.
    """
    answer_text = checked_text(answer, "answer", _("Enter an answer. The seller sees it beside the statement."))
    with transaction.atomic():
        current_statement = locked(statement)
        STATEMENT.move_all(
            [current_statement], StatementEvent.RESUBMIT, now=now, actor=by.email, note=answer_text, answer=answer_text,
            sign_by=rules.sign_by(now),
        )  # fmt: skip
        wait_for_answer(current_statement)
        outbox.publish(StatementAnswered(statement=current_statement.pk, occasion=_event_occasion(now)), now=now)


def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: approve the statement if its seller has not answered."""
    statement = Statement.objects.filter(pk=payload["statement"], status=Statement.Status.COUNTERSIGN).first()
    if statement is None:
        return None
    if statement.sign_by > now:
        return statement.sign_by
    sign(statement, actor=MARKET_ACTOR, now=now)
    return None


def _event_occasion(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S}"
