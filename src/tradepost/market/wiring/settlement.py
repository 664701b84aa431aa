"""Reactions to events of ``settlement``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import statements
from tradepost.market.settlement.events import (
    StatementAnswered,
    StatementIssued,
    StatementPaid,
    StatementPaymentFailed,
    StatementRejected,
)

REACTIONS = (
    on(StatementIssued, notify(statements.ISSUED)),
    on(StatementAnswered, notify(statements.ANSWERED)),
    on(StatementRejected, notify(statements.REJECTED)),
    on(StatementPaymentFailed, notify(statements.PAYMENT_FAILED)),
    on(StatementPaid, notify(statements.PAID)),
)
