"""The history of a withdrawal for the sites."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.payments.withdrawal_models import Withdrawal

from .timeline import TimelineEvent, moves_of


def withdrawal_events(withdrawal: Withdrawal, *, for_operators: bool = False) -> list[TimelineEvent]:
    """Return the events, oldest first. ``for_operators``: include who decided; reasons are always included."""
    words = {
        "approve": (_("Approved"), "check", "info"),
        "reject": (_("Rejected"), "ban", "warn"),
        "withdraw": (_("Withdrawn"), "arrow-back-up", "calm"),
        "pay": (_("Paid to the bank account"), "wallet", "ok"),
        "return": (_("Returned by the bank"), "arrow-back-up", "warn"),
    }
    events = [TimelineEvent(withdrawal.requested_at, _("Request submitted"), "", "edit", "info")]
    for move in moves_of("withdrawal", withdrawal.pk):
        title, icon, tone = words[move.event]
        actor = move.actor if for_operators and move.actor != withdrawal.user.email else ""
        events.append(
            TimelineEvent(move.at, title, " · ".join(part for part in (actor, move.note) if part), icon, tone)
        )
    return events
