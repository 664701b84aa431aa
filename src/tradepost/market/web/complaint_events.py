"""The history of a complaint for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.service_desk.models import Complaint

from .timeline import TimelineEvent, moves_of


def complaint_events(complaint: Complaint) -> list[TimelineEvent]:
    """Return the events of a complaint, oldest first."""
    events = [
        TimelineEvent(
            complaint.created_at, _("The buyer submitted a complaint; the seller was notified"), icon="alert-circle"
        )
    ]
    for move in moves_of("complaint", complaint.pk):
        match move.event:
            case "reply":
                events.append(TimelineEvent(move.at, _("The seller replied"), icon="message"))
            case "time_out":
                events.append(TimelineEvent(move.at, _("The seller did not reply in time"), icon="clock", tone="warn"))
            case "uphold":
                events.append(TimelineEvent(move.at, _("The operator upheld it"), icon="check", tone="ok"))
            case "dismiss":
                events.append(TimelineEvent(move.at, _("The operator did not uphold it"), icon="ban"))
            case "withdraw":
                events.append(TimelineEvent(move.at, _("Withdrawn by the buyer"), icon="x"))
    return events
