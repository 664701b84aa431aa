"""How long attempts are kept: their bodies a season, the rows longer, and neither while somebody may still act on their call;
and how long their counts tell the hour and the worker.

Spared are all attempts of a call that goes on, and of one that was given up about an order which is not at its end: its first
attempt names the instance to release. What else needs the attempts of a call, the contexts above say (``needed``).
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Exists, F, OuterRef, Q, Sum

from tradepost.market.base.retention import Rule, Sweep
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order

from .models import Attempt, Call, Tally

EMPTIED = "\x1a"
"""Stands for a body that is no longer kept. No stored body is equal to it: control characters are written as text."""

_OPEN_ORDER = Exists(
    Order.objects.filter(
        number=OuterRef("call__order_number"), status__in=[Order.Status.UNPAID, Order.Status.PROCESSING]
    )
)
_NEEDED = ~Q(call__state=State.ENDED) | (Q(call__outcome=Call.Outcome.GAVE_UP) & Q(_OPEN_ORDER))


def rules(*needed: Q) -> tuple[Rule, ...]:
    """``needed``: conditions on attempts (``call__…``) that somebody else still needs."""
    spared = _NEEDED
    for condition in needed:
        spared |= condition
    return (
        Rule(
            name="attempt bodies",
            model=Attempt,
            when="started_at",
            setting="keep_attempt_bodies_days",
            only=~Q(request_body=EMPTIED),
            needed=spared,
            emptied={"request_body": EMPTIED, "response_body": EMPTIED},
        ),
        Rule(name="attempts", model=Attempt, when="started_at", setting="keep_attempts_days", needed=spared),
    )


def tried_out(*needed: Q) -> Rule:
    """Test calls with their attempts. ``needed``: those that a saved case still shows."""
    spared = ~Q(state=State.ENDED)
    for condition in needed:
        spared |= condition
    only = Q(purpose=Call.Purpose.DEBUG)
    return Rule(
        name="test calls",
        model=Call,
        when="created_at",
        setting="keep_test_calls_days",
        only=only,
        needed=spared,
        sparse=True,
    )


PROBES = Rule(
    name="probe calls",
    model=Call,
    when="created_at",
    setting="keep_probes_days",
    only=Q(purpose=Call.Purpose.PROBE),
    needed=~Q(state=State.ENDED),
    sparse=True,
)


COMPARISONS = Rule(
    name="calls that compared",
    model=Call,
    when="created_at",
    setting="keep_comparisons_days",
    only=Q(purpose=Call.Purpose.COMPARE),
    needed=~Q(state=State.ENDED),
    sparse=True,
)


_NEWER_ANSWER = Call.objects.filter(
    subscription=OuterRef("subscription"),
    kind=OuterRef("kind"),
    purpose=Call.Purpose.ACCESS,
    outcome=Call.Outcome.DONE,
    pk__gt=OuterRef("pk"),
)
ACCESS_CALLS = Rule(
    name="access calls",
    model=Call,
    when="created_at",
    setting="keep_access_calls_days",
    only=Q(purpose=Call.Purpose.ACCESS),
    needed=~Q(state=State.ENDED) | (Q(outcome=Call.Outcome.DONE) & ~Q(Exists(_NEWER_ANSWER))),
    sparse=True,
)
"""The latest answer of each service and kind stays: its page shows the access data and the usage with their times, and SaaS 1.0
is asked for each of them by a call of its own (saas-v1-license A2, A2.8)."""


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""The hour of what was put together."""
_COUNTS = ("attempts", "seconds", "under_100ms", "under_1s", "under_5s")


def _put_together(before: datetime) -> int:
    """The counts of old hours, by activity and verdict: what metrics tell since the beginning stays the same."""
    old = Tally.objects.filter(hour__lt=before, hour__gt=LONG_AGO)
    for activity, verdict, *sums in old.values_list("activity", "verdict").annotate(*map(Sum, _COUNTS)).order_by():
        whole, _ = Tally.objects.get_or_create(hour=LONG_AGO, worker="", activity=activity, verdict=verdict)
        more = {name: F(name) + count for name, count in zip(_COUNTS, sums, strict=True)}
        Tally.objects.filter(pk=whole.pk).update(**more)
    return old.delete()[0]


TALLIES = Sweep(name="counts by the hour", model=Tally, setting="keep_hourly_counts_days", work=_put_together)
