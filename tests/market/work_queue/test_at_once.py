"""Many operators take one entry at the same moment, each on a separate connection: one gets it, the others are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from tests import factories
from tests.market.at_once import at_once
from tradepost.market.work_queue import handle
from tradepost.market.work_queue.contract import Entry
from tradepost.market.work_queue.models import Handling, HandlingChange

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
ENTRY = Entry(key="probes:7", title="", about="", url="/", since=NOW, due_at=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_fifty_concurrent_acts_leave_a_consistent_history() -> None:
    """They take it, assign it to each other, snooze it and add notes at once: the history lists every act, and the
    entry is as the last act left it.
    """
    first_operator, second_operator = (factories.make_operator(email=f"op{n}@market.example") for n in range(2))
    tomorrow = NOW + timedelta(days=1)
    acts = [
        act
        for by, to in ((first_operator, second_operator), (second_operator, first_operator))
        for act in (
            partial(handle.assign, ENTRY, by, seen=None, by=by, now=NOW),
            partial(handle.assign, ENTRY, to, seen=by.pk, by=by, now=NOW),
            partial(handle.assign, ENTRY, None, seen=by.pk, by=by, now=NOW),
            partial(handle.snooze, ENTRY, tomorrow, knowing=True, by=by, now=NOW),
            partial(handle.note, ENTRY, f"asked by {by.email}", by=by, now=NOW),
        )
    ]
    outcomes = at_once(acts * 5)
    assert set(outcomes) <= {"done", "queue.taken"}
    assert outcomes.count("done") >= 20, "notes and putting off are refused to nobody"
    handling = Handling.objects.get()
    changes = list(HandlingChange.objects.filter(handling=handling).order_by("pk"))
    whose = [change for change in changes if change.what in {"assigned", "given_back"}]
    assert (str(handling.assignee) if handling.assignee else "") == (whose[-1].words if whose else "")
    notes = [change.words for change in changes if change.what == "noted"]
    assert (handling.note, handling.snoozed_until) == (notes[-1], tomorrow)
    assert all(before != after for before, after in pairwise(notes)), "the same again is no act"
    assert [change.what for change in changes].count("snoozed") == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_many_concurrent_operators_gets_the_entry() -> None:
    people = [factories.make_operator(email=f"op{n}@market.example") for n in range(4)]
    outcomes = at_once([partial(handle.assign, ENTRY, person, seen=None, by=person, now=NOW) for person in people])
    assert sorted(outcomes) == ["done", *["queue.taken"] * 3]
    handling = Handling.objects.get()
    assert handling.assignee == people[outcomes.index("done")]
    assert HandlingChange.objects.get().by == handling.changed_by == handling.assignee.email
