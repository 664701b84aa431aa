"""Retention: ended demands are deleted, since they contain personal data of people without accounts. Complaints are
kept for penalties."""

from __future__ import annotations

from django.db.models import Q

from tradepost.market.base.retention import Rule

from .demand_models import OPEN_DEMANDS
from .models import Demand, ReceivedMail

DEMANDS = Rule(
    name="demands", model=Demand, when="created_at", setting="keep_demands_days", needed=Q(status__in=OPEN_DEMANDS)
)
MAILS = Rule(name="demand mails", model=ReceivedMail, when="received_at", setting="keep_demands_days")
