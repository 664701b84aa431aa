"""Many operators take one entry at the same moment, each with a connection of their own: one has it, the others are told."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from tests import factories
from tests.market.at_once import at_once
from tradepost.market.work_queue import handle
from tradepost.market.work_queue.contract import Entry
from tradepost.market.work_queue.models import Handling, HandlingChange

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
ENTRY = Entry(key="probes:7", title="", about="", url="/", since=NOW, due_at=None)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_an_entry_one_has_it() -> None:
    people = [factories.make_operator(email=f"op{n}@market.example") for n in range(4)]
    outcomes = at_once([partial(handle.assign, ENTRY, one, seen=None, by=one, now=NOW) for one in people])
    assert sorted(outcomes) == ["done", *["queue.taken"] * 3]
    kept = Handling.objects.get()
    assert kept.assignee == people[outcomes.index("done")]
    assert HandlingChange.objects.get().by == kept.changed_by == kept.assignee.email
