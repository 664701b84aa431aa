"""The history of a statement for the pages of its seller and of operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.models import Move
from tradepost.market.settlement.agree import MARKET_ACTOR
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.payout import NOT_CERTIFIED

from .timeline import TimelineEvent, moves_of


def statement_events(statement: Statement, *, for_operators: bool = False) -> list[TimelineEvent]:
    """Return the events, oldest first. ``for_operators``: include the people who acted for the market."""
    creation = TimelineEvent(statement.issued_at, _("Statement created"), icon="file-text")
    moves = [move for move in moves_of("statement", statement.pk) if move.event != "restart"]
    return [creation, *(_event(move, for_operators=for_operators) for move in moves)]


def _event(move: Move, *, for_operators: bool) -> TimelineEvent:
    words, icon, tone = {
        "sign": (_("Agreed to"), "check", "ok"),
        "reject": (_("Rejected by the seller"), "ban", "warn"),
        "resubmit": (_("Answered and reissued"), "edit", "info"),
        "apply": (_("Payment started"), "wallet", "info"),
        "fail": (_("Payment could not be started"), "alert-triangle", "bad"),
        "retry": (_("Payment restarted"), "refresh", "info"),
        "bad_details": (_("The bank cannot find the account"), "alert-triangle", "bad"),
        "refuse": (_("The payment was refused"), "ban", "warn"),
        "pay": (_("Paid out"), "check", "ok"),
    }.get(move.event, (move.event, "point", "calm"))
    if move.event == "sign" and move.actor == MARKET_ACTOR:
        words = _("Agreed automatically: not rejected in time")
    text = _("There is no certified payout account.") if move.note == NOT_CERTIFIED else move.note
    if for_operators and move.actor != MARKET_ACTOR:
        text = " · ".join(part for part in (text, move.actor) if part)
    return TimelineEvent(move.at, words, text, icon=icon, tone=tone)
