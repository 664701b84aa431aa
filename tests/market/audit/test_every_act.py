"""Every address of the console × the audit log: each act leaves exactly one entry, whatever its result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.world import World, shared_world
from tradepost.market.audit.models import Entry, Outcome
from tradepost.market.web.audit_acts import ACTS, KINDS, act_label

pytestmark = [pytest.mark.django_db]
OF_INVITED = {"console/join/<str:token>/"}
"""For invited people; identity/test_operators.py checks its entry."""
ACTING = sorted(
    pattern
    for pattern, row in ADDRESSES.items()
    if pattern.startswith("console/") and row.post and pattern not in OF_INVITED
)
COLUMNS = [field.attname for field in Entry._meta.fields]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as world_of_module:
        yield world_of_module


@pytest.mark.slow
def test_each_act_leaves_one_entry(world: World) -> None:
    """test_every_address.py checks that GET requests and other users leave no entry."""
    label, operator = Entry._meta.label, world.users[table.OPERATOR]
    assert ACTING
    for pattern in ACTING:
        answer = world.ask(table.OPERATOR, "POST", pattern)
        before = {row[0] for row in world.before[label]}
        new = [dict(zip(COLUMNS, row, strict=True)) for row in world.after[label] if row[0] not in before]
        assert len(new) == 1, f"{pattern} left {len(new)} entries"
        [entry] = new
        assert (entry["actor_id"], entry["actor_text"], entry["network"]) == (operator.pk, operator.email, "127.0.0.1")
        assert entry["outcome"] != Outcome.FAILED, pattern
        assert answer.status_code < 400 or entry["outcome"] == Outcome.REFUSED, pattern
        assert entry["act"] in ACTS, f"{pattern}: give its act, {entry['act']}, a row in web/audit_acts.py"
        kind = ACTS[entry["act"]].kind
        assert (entry["object_kind"], bool(entry["object_id"])) == (kind, bool(kind)), pattern
        assert not kind or KINDS[kind].model is None or entry["object_text"], f"{pattern}: the act has no name"
        sent_fields = {name for name, value in ADDRESSES[pattern].data.items() if value}
        assert set(entry["details"]) == sent_fields, pattern


def test_every_act_has_a_name_also_those_of_earlier_versions() -> None:
    assert all(str(act.words) for act in ACTS.values())
    assert {act.kind for act in ACTS.values()} <= {"", *KINDS}
    assert act_label("no_longer_there") == "no_longer_there"
