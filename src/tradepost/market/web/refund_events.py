"""The history of a refund for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.orders.refund_models import Refund

from .timeline import TimelineEvent, moves_of


def refund_events(refund: Refund) -> list[TimelineEvent]:
    """Return the events of a refund, oldest first."""
    negotiated = refund.kind == Refund.Kind.NEGOTIATED
    opening = _("The seller was asked") if negotiated else _("Unsubscribed")
    events = [TimelineEvent(refund.requested_at, opening, icon="arrow-back-up")]
    for move in moves_of("refund", refund.pk):
        match move.after:
            case "appealed":
                events.append(TimelineEvent(move.at, _("The operator was asked to decide"), icon="alert-circle"))
            case "approved":
                title = _("The operator agreed") if refund.by_operator else _("The seller agreed")
                events.append(TimelineEvent(move.at, title, icon="check", tone="ok"))
            case "rejected":
                title = _("The operator refused") if refund.by_operator else _("The seller refused")
                events.append(TimelineEvent(move.at, title, icon="ban", tone="warn"))
            case "withdrawn":
                events.append(TimelineEvent(move.at, _("Withdrawn by the buyer"), icon="x"))
            case "refunded":
                title = (
                    _("Refunded to the buyer's balance") if refund.total.minor else _("Completed: no refund was due")
                )
                events.append(TimelineEvent(move.at, title, icon="arrows-exchange", tone="ok"))
    return events
