"""A seller agrees to a statement, or rejects it with a reason; an operator answers and issues it again (business-rules §8.1, §8.4).

Agreed to, its money leaves what the seller is owed: the fee is the market's, the rest is to be paid out. It is booked once,
however many agree at the same moment.
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
from .payout import begin, locked
from .rules import SettlementRules
from .run import wait_for
from .words_given import said

MARKET = "market"


def sign(statement: Statement, *, actor: str, now: datetime) -> None:
    """Its seller agrees. Raises ``IllegalTransition`` where it cannot, or not any more."""
    with transaction.atomic():
        standing = locked(statement)
        STATEMENT.after(standing.status, StatementEvent.SIGN)
        booked = settling.settle(
            standing.seller, gross=standing.gross, fee=standing.fee, reference=standing.number, actor=actor, now=now
        )
        STATEMENT.move_all(
            [standing], StatementEvent.SIGN, now=now, actor=actor, signed_at=now, settled=booked, reason=""
        )
        begin(standing, now=now)


def reject(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """Its seller does not agree, and says why. Raises ``Refused``."""
    why = said(reason, "reason", _("Say what is wrong: the operator answers it."))
    with transaction.atomic():
        standing = locked(statement)
        STATEMENT.move_all([standing], StatementEvent.REJECT, now=now, actor=by.email, note=why, reason=why, answer="")
        outbox.publish(StatementRejected(statement=standing.pk, occasion=_occasion(now)), now=now)


def reissue(statement: Statement, answer: str, *, by: User, rules: SettlementRules, now: datetime) -> None:
    """An operator answers a seller that rejected it, who may agree now or reject it again. What it says stays as it is: it is
    what the books say; a mistake in an order is mended by a refund, which the next statement deducts. Raises ``Refused``."""
    words = said(answer, "answer", _("Answer the seller: it reads this beside the statement."))
    with transaction.atomic():
        standing = locked(statement)
        STATEMENT.move_all(
            [standing], StatementEvent.RESUBMIT, now=now, actor=by.email, note=words, answer=words,
            sign_by=rules.sign_by(now),
        )  # fmt: skip
        wait_for(standing)
        outbox.publish(StatementAnswered(statement=standing.pk, occasion=_occasion(now)), now=now)


def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: a seller that says nothing agrees."""
    statement = Statement.objects.filter(pk=payload["statement"], status=Statement.Status.COUNTERSIGN).first()
    if statement is None:
        return None
    if statement.sign_by > now:
        return statement.sign_by
    sign(statement, actor=MARKET, now=now)
    return None


def _occasion(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S}"
