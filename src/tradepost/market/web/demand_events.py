"""The history of a demand: for its author without names of people, for operators with them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.service_desk.models import CustomerDemand, Demand

from .timeline import TimelineEvent, moves_of


def demand_events(
    demand: Demand, passed: Sequence[CustomerDemand] = (), *, inside: bool = False
) -> list[TimelineEvent]:
    """Return the events of a demand, oldest first. ``inside``: for operators, who also see the seller and the people."""
    opening = _("Entered from an email") if demand.origin == Demand.Origin.MAIL else _("We have received it")
    events = [TimelineEvent(demand.created_at, opening, demand.entered_by if inside else "", icon="message")]
    sellers = {customer_demand.seller.slug: localised_name(customer_demand.seller) for customer_demand in passed}
    for move in moves_of("demand", demand.pk):
        actor = move.actor if inside and "@" in move.actor else ""
        match move.event:
            case "ask_seller":
                text = sellers.get(move.note, "") if inside else ""
                events.append(TimelineEvent(move.at, _("A seller was asked"), text, icon="building-store"))
            case "return":
                events.append(TimelineEvent(move.at, _("Returned to the operators"), actor, icon="refresh"))
            case "answer":
                title = _("A seller answered") if demand.seller_id else _("The operators answered")
                events.append(TimelineEvent(move.at, title, actor, icon="check", tone="ok"))
            case "close":
                events.append(TimelineEvent(move.at, _("Closed"), actor, icon="ban"))
            case "withdraw":
                events.append(TimelineEvent(move.at, _("Withdrawn by the requester"), icon="x"))
    return events
