"""Reactions to events of ``service_desk``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications import demand_reactions
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import complaints, demands
from tradepost.market.service_desk.events import (
    ComplaintDecided,
    ComplaintRaised,
    ComplaintReplied,
    ComplaintUnanswered,
    ComplaintWithdrawn,
    DemandAnswered,
    DemandPassed,
    DemandRaised,
    DemandRecalled,
    DemandReturned,
)

REACTIONS = (
    on(DemandRaised, demand_reactions.on_demand_raised),
    on(DemandPassed, notify(demands.PASSED)),
    on(DemandReturned, notify(demands.RETURNED)),
    on(DemandAnswered, demand_reactions.on_demand_answered),
    on(DemandRecalled, notify(demands.RECALLED)),
    on(ComplaintRaised, notify(complaints.RAISED)),
    on(ComplaintReplied, notify(complaints.REPLIED)),
    on(ComplaintUnanswered, notify(complaints.UNANSWERED)),
    on(ComplaintDecided, notify(complaints.DECIDED)),
    on(ComplaintWithdrawn, notify(complaints.WITHDRAWN)),
)
