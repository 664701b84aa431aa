"""What happened to a refund, in words, for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.orders.refund_models import Refund

from .timeline import TimelineEvent, moves_of


def refund_events(refund: Refund) -> list[TimelineEvent]:
    """Oldest first."""
    asked = refund.kind == Refund.Kind.NEGOTIATED
    began = _("The seller was asked") if asked else _("Unsubscribed")
    events = [TimelineEvent(refund.requested_at, began, icon="arrow-back-up")]
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
                    _("Paid back to the buyer's balance")
                    if refund.total.minor
                    else _("Done: nothing was to be paid back")
                )
                events.append(TimelineEvent(move.at, title, icon="arrows-exchange", tone="ok"))
    return events
