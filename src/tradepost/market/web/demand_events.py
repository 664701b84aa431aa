"""What happened to a demand, in words: for who asked without names of people, for operators with them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import named
from tradepost.market.service_desk.models import CustomerDemand, Demand

from .timeline import TimelineEvent, moves_of


def demand_events(
    demand: Demand, passed: Sequence[CustomerDemand] = (), *, inside: bool = False
) -> list[TimelineEvent]:
    """Oldest first. ``inside``: for operators, who read which seller it was and who did what."""
    began = _("Entered from a mail") if demand.origin == Demand.Origin.MAIL else _("We have received it")
    events = [TimelineEvent(demand.created_at, began, demand.entered_by if inside else "", icon="message")]
    sellers = {one.seller.slug: named(one.seller) for one in passed}
    for move in moves_of("demand", demand.pk):
        who = move.actor if inside and "@" in move.actor else ""
        match move.event:
            case "ask_seller":
                text = sellers.get(move.note, "") if inside else ""
                events.append(TimelineEvent(move.at, _("A seller was asked"), text, icon="building-store"))
            case "return":
                events.append(TimelineEvent(move.at, _("The operators look for an answer again"), who, icon="refresh"))
            case "answer":
                title = _("A seller answered") if demand.seller_id else _("The operators answered")
                events.append(TimelineEvent(move.at, title, who, icon="check", tone="ok"))
            case "close":
                events.append(TimelineEvent(move.at, _("Closed"), who, icon="ban"))
            case "withdraw":
                events.append(TimelineEvent(move.at, _("Withdrawn by who asked"), icon="x"))
    return events
