"""Many operators take one entry at the same moment, each with a connection of their own: one has it, the others are told."""

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
def test_fifty_acts_of_two_operators_on_one_entry_leave_one_story() -> None:
    """They take it, give it to each other, put it off and note something, all at once: whatever was done stands in the history, and
    the entry is as the last act left it."""
    one, other = (factories.make_operator(email=f"op{n}@market.example") for n in range(2))
    tomorrow = NOW + timedelta(days=1)
    acts = [
        act
        for by, to in ((one, other), (other, one))
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
def test_of_many_who_take_an_entry_one_has_it() -> None:
    people = [factories.make_operator(email=f"op{n}@market.example") for n in range(4)]
    outcomes = at_once([partial(handle.assign, ENTRY, one, seen=None, by=one, now=NOW) for one in people])
    assert sorted(outcomes) == ["done", *["queue.taken"] * 3]
    kept = Handling.objects.get()
    assert kept.assignee == people[outcomes.index("done")]
    assert HandlingChange.objects.get().by == kept.changed_by == kept.assignee.email
