"""What happened to a statement, in words, for the pages of its seller and of operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.models import Move
from tradepost.market.settlement.agree import MARKET
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.payout import NOT_CERTIFIED

from .timeline import TimelineEvent, moves_of


def statement_events(statement: Statement, *, for_operators: bool = False) -> list[TimelineEvent]:
    """Oldest first. Who acted at the market is for those who run it."""
    began = TimelineEvent(statement.issued_at, _("The market made it"), icon="file-text")
    moves = [move for move in moves_of("statement", statement.pk) if move.event != "restart"]
    return [began, *(_event(move, for_operators=for_operators) for move in moves)]


def _event(move: Move, *, for_operators: bool) -> TimelineEvent:
    words, icon, tone = {
        "sign": (_("Agreed to"), "check", "ok"),
        "reject": (_("Rejected by the seller"), "ban", "warn"),
        "resubmit": (_("Answered, and issued again"), "edit", "info"),
        "apply": (_("The payment was begun"), "wallet", "info"),
        "fail": (_("The payment could not be begun"), "alert-triangle", "bad"),
        "retry": (_("The payment was begun again"), "refresh", "info"),
        "bad_details": (_("The bank does not know the account"), "alert-triangle", "bad"),
        "refuse": (_("The payment was refused"), "ban", "warn"),
        "pay": (_("Paid out"), "check", "ok"),
    }.get(move.event, (move.event, "point", "calm"))
    if move.event == "sign" and move.actor == MARKET:
        words = _("Agreed to, since nobody rejected it in time")
    text = _("There is no certified account.") if move.note == NOT_CERTIFIED else move.note
    if for_operators and move.actor != MARKET:
        text = " · ".join(part for part in (text, move.actor) if part)
    return TimelineEvent(move.at, words, text, icon=icon, tone=tone)
