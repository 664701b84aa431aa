"""Retention of attempts: bodies for a season, rows longer, hourly counts by worker.

Attempts are kept while their call is open, or was given up for an unfinished order, because the first attempt names the
instance to release. Higher contexts add further conditions (``needed``).
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Exists, F, OuterRef, Q, Sum

from tradepost.market.base.retention import Rule, Sweep
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order

from .models import Attempt, Call, Tally

EMPTIED_BODY = "\x1a"
"""Marks a deleted body. No stored body equals it, because control characters are stored as text."""

_OPEN_ORDER = Exists(
    Order.objects.filter(
        number=OuterRef("call__order_number"), status__in=[Order.Status.UNPAID, Order.Status.PROCESSING]
    )
)
_NEEDED_ATTEMPTS = ~Q(call__state=State.ENDED) | (Q(call__outcome=Call.Outcome.GAVE_UP) & Q(_OPEN_ORDER))


def rules(*needed: Q) -> tuple[Rule, ...]:
    """Return the rules. ``needed``: conditions on attempts (``call__…``) that other contexts need."""
    spared_rows = _NEEDED_ATTEMPTS
    for condition in needed:
        spared_rows |= condition
    return (
        Rule(
            name="attempt bodies",
            model=Attempt,
            when="started_at",
            setting="keep_attempt_bodies_days",
            only=~Q(request_body=EMPTIED_BODY),
            needed=spared_rows,
            emptied={"request_body": EMPTIED_BODY, "response_body": EMPTIED_BODY},
        ),
        Rule(name="attempts", model=Attempt, when="started_at", setting="keep_attempts_days", needed=spared_rows),
    )


def test_calls(*needed: Q) -> Rule:
    """Return the rule for test calls and their attempts. ``needed``: those that a saved case shows."""
    spared_rows = ~Q(state=State.ENDED)
    for condition in needed:
        spared_rows |= condition
    only = Q(purpose=Call.Purpose.DEBUG)
    return Rule(
        name="test calls",
        model=Call,
        when="created_at",
        setting="keep_test_calls_days",
        only=only,
        needed=spared_rows,
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
"""The latest answer of each service and kind is kept: its page shows access data and usage. SaaS 1.0 needs a separate
call for each (saas-v1-license A2, A2.8)."""


MERGED_HOUR = datetime(1970, 1, 1, tzinfo=UTC)
"""Hour of merged counts."""
_COUNTS = ("attempts", "seconds", "under_100ms", "under_1s", "under_5s")


def _merge(before: datetime) -> int:
    """Merge the counts of old hours by activity and verdict, so that total metrics stay the same."""
    old_tallies = Tally.objects.filter(hour__lt=before, hour__gt=MERGED_HOUR)
    for activity, verdict, *sums in (
        old_tallies.values_list("activity", "verdict").annotate(*map(Sum, _COUNTS)).order_by()
    ):
        merged_tally, _ = Tally.objects.get_or_create(hour=MERGED_HOUR, worker="", activity=activity, verdict=verdict)
        increments = {name: F(name) + count for name, count in zip(_COUNTS, sums, strict=True)}
        Tally.objects.filter(pk=merged_tally.pk).update(**increments)
    return old_tallies.delete()[0]


TALLIES = Sweep(name="counts by the hour", model=Tally, setting="keep_hourly_counts_days", work=_merge)
