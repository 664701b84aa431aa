"""How long attempts are kept: their bodies a season, the rows longer, and neither while somebody may still act on their call.

``needed`` spares every attempt of a call that goes on, of one that was given up about an order which is not at its end
(it may be restarted or paid back, and its first attempt names the instance to release), and of one that was given up
about no order: a person may restart that at any time.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order

from .models import Attempt, Call

EMPTIED = "\x1a"
"""Stands for a body that is no longer kept. No stored body is equal to it: control characters are written as text."""

_OPEN_ORDER = Exists(
    Order.objects.filter(
        number=OuterRef("call__order_number"), status__in=[Order.Status.UNPAID, Order.Status.PROCESSING]
    )
)
NEEDED = ~Q(call__state=State.ENDED) | (
    Q(call__outcome=Call.Outcome.GAVE_UP) & (Q(call__order_number="") | Q(_OPEN_ORDER))
)

RULES = (
    Rule(
        name="attempt bodies",
        model=Attempt,
        when="started_at",
        setting="keep_attempt_bodies_days",
        only=~Q(request_body=EMPTIED),
        needed=NEEDED,
        emptied={"request_body": EMPTIED, "response_body": EMPTIED},
    ),
    Rule(name="attempts", model=Attempt, when="started_at", setting="keep_attempts_days", needed=NEEDED),
)
