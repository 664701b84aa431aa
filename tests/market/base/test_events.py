"""Events have a stored name and a version: what any release wrote is read, and what this one cannot read waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW
from tradepost.market.base import outbox
from tradepost.market.base.events import Reactions, UnknownEvent, declared, event, on
from tradepost.market.base.models import Event
from tradepost.market.base.work import State

HOUR = timedelta(hours=1)


def in_parts(members: dict[str, Any]) -> dict[str, Any]:
    return {"parcel": members["parcel"], "parts": [members["whole"]]}


@event("sent", version=2, was=("Sent", "Posted"), about=("parcel",), upgrades={1: in_parts})
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    parcel: int
    parts: tuple[str, ...]


@event("arrived", about=("parcel", "house"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    parcel: int
    house: int | None = None
    note: str = ""


class Notes:
    """Reactions that note what came, in its order."""

    def __init__(self) -> None:
        self.came: list[object] = []
        self.broken = False

    def sent(self, event: Sent, now: datetime) -> None:
        self.came.append(event)

    def arrived(self, event: Arrived, now: datetime) -> None:
        if self.broken:
            raise RuntimeError("this reaction has a fault")
        self.came.append(event)

    @property
    def reactions(self) -> Reactions:
        return Reactions([on(Sent, self.sent), on(Arrived, self.arrived)])

    def dispatch(self, now: datetime = NOW) -> int:
        return outbox.dispatch(self.reactions, now=now)


def store(name: str, facts: dict[str, Any], **columns: Any) -> Event:
    """A row as some release wrote it."""
    return Event.objects.create(name=name, facts=facts, due_at=NOW, created_at=NOW - HOUR, **columns)


@pytest.mark.django_db
def test_events_are_stored_in_one_statement_in_their_order_under_name_and_version() -> None:
    events = [Sent(parcel=1, parts=("a", "b")), Arrived(parcel=1, note="nul: \x00"), Sent(parcel=2, parts=())]
    with CaptureQueriesContext(connection) as asked:
        outbox.publish_all(events, now=NOW)
    assert len(asked) == 1
    rows = list(Event.objects.order_by("pk").values_list("name", "facts"))
    assert rows[0] == ("sent", {"v": 2, "parcel": 1, "parts": ["a", "b"]})
    assert [name for name, _ in rows] == ["sent", "arrived", "sent"]
    notes = Notes()
    assert notes.dispatch() == 3
    assert notes.came == [events[0], events[2], Arrived(parcel=1, note="nul: \\x00")]
    assert not Event.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["sent", "Sent", "Posted"])
def test_what_earlier_releases_stored_is_read(name: str) -> None:
    store(name, {"parcel": 7, "whole": "a"})
    notes = Notes()
    notes.dispatch()
    assert notes.came == [Sent(parcel=7, parts=("a",))]
    assert not Event.objects.exists()


UNREADABLE = [
    ("lost", {"v": 1}, "this release has no event 'lost'"),
    ("sent", {"v": 3, "parcel": 1}, "Sent was stored as version 3; this release knows 1 to 2"),
    ("arrived", {"v": 1, "parcel": "one"}, "Arrived: Expected `int`, got `str`"),
    ("sent", {"v": 1, "parcel": 1}, "Sent: an upgrade failed: KeyError: 'whole'"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [False, True], ids=["a sound batch", "a batch that fails"])
@pytest.mark.parametrize(("name", "facts", "words"), UNREADABLE)
def test_what_cannot_be_read_waits_while_the_others_are_reacted_to(
    name: str, facts: dict[str, Any], words: str, *, broken: bool
) -> None:
    left = ["somebody.on_lost"]
    row = store(name, facts, left=left)
    outbox.publish_all([Sent(parcel=1, parts=()), Arrived(parcel=2)], now=NOW)
    notes = Notes()
    notes.broken = broken
    assert notes.dispatch() == 3
    assert notes.came.count(Sent(parcel=1, parts=())) >= 1
    kept = Event.objects.get(pk=row.pk)
    assert (kept.name, kept.facts, kept.left, kept.created_at) == (name, facts, left, row.created_at)
    assert (kept.state, kept.attempts, words in kept.error) == (State.WAITING, 1, True)
    assert NOW < kept.due_at <= NOW + timedelta(minutes=1)
    assert Event.objects.count() == 1 + broken
    assert notes.dispatch() == 0, "not before its time"


@pytest.mark.django_db
def test_it_waits_for_a_release_that_knows_it_with_growing_pauses() -> None:
    row = store("arrived", {"v": 1, "parcel": 5})
    earlier, now = Reactions([]), NOW
    pauses = []
    for _ in range(15):
        assert outbox.dispatch(earlier, now=now) == 1
        row.refresh_from_db()
        pauses.append(row.due_at - now)
        now = row.due_at
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1], row.attempts) == (timedelta(seconds=2), HOUR, 15)
    notes = Notes()
    assert notes.dispatch(now) == 1
    assert notes.came == [Arrived(parcel=5)]
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_reaction_that_was_left_and_has_another_name_by_now_is_not_lost() -> None:
    store("arrived", {"v": 1, "parcel": 5}, left=["fulfilment.plan.on_arrived"], error="Traceback", attempts=3)
    notes = Notes()
    notes.dispatch()
    assert notes.came == [Arrived(parcel=5)]
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_no_event_overtakes_one_of_another_class_about_the_same_thing() -> None:
    sent, arrived = (lambda n: Sent(parcel=n, parts=())), (lambda n, house=None: Arrived(parcel=n, house=house))
    outbox.publish_all([sent(1), arrived(1), sent(2), sent(1), arrived(3, 2), sent(3)], now=NOW)
    notes = Notes()
    notes.dispatch()
    assert notes.came == [sent(1), sent(2), arrived(1), arrived(3, 2), sent(1), sent(3)], (
        "2 is a house, not a parcel; no house is not about anything"
    )


@pytest.mark.django_db
@pytest.mark.postgres
def test_only_the_taking_is_bound_to_indexes_and_reactions_are_planned_freely() -> None:
    found: list[Any] = []

    @outbox.batched
    def look(events: Sequence[Arrived], now: datetime) -> None:
        with connection.cursor() as cursor:
            for name in ("enable_bitmapscan", "enable_seqscan"):
                cursor.execute(f"SHOW {name}")
                found.append(cursor.fetchone())

    outbox.publish(Arrived(parcel=1), now=NOW)
    with CaptureQueriesContext(connection) as asked:
        assert outbox.dispatch(Reactions([on(Arrived, look)]), now=NOW) == 1
    assert found == [("on",), ("on",)]
    [taking] = [query["sql"] for query in asked if "DELETE" in query["sql"]]
    assert taking.index("set_config") < taking.index("DELETE") < taking.index("TO DEFAULT")


# --- declaring ---


def test_a_table_takes_only_reactions_to_its_event() -> None:
    """mypy says so: it would call this comment unused if it did not."""

    def other(event: Sent, now: datetime) -> None: ...

    on(Arrived, other)  # type: ignore[arg-type]
    on(Sent, other)


def test_two_events_cannot_have_one_stored_name() -> None:
    @event("other", was=("Posted",), about=("n",))
    @dataclass(frozen=True)
    class Other:
        n: int

    with pytest.raises(TypeError, match="two events are stored as 'Posted'"):
        Reactions([on(Sent), on(Other)])


def test_a_name_that_was_is_read_and_never_written() -> None:
    assert declared(Sent).name == "sent"
    assert Notes().reactions.load("Posted", {"v": 2, "parcel": 1, "parts": []}) == Sent(parcel=1, parts=())
    with pytest.raises(UnknownEvent):
        Notes().reactions.load("posted", {})


@dataclass(frozen=True)
class WithVersion:
    v: int


@dataclass
class Changeable:
    n: int


@dataclass(frozen=True)
class Bare:
    n: int


@pytest.mark.parametrize(
    ("cls", "about", "words"),
    [
        (WithVersion, (), "has a field 'v'"),
        (Changeable, ("n",), "must be a frozen Struct"),
        (dict, (), "must be a frozen Struct"),
        (Bare, ("m",), "is about"),
    ],
)
def test_a_class_that_cannot_be_an_event_is_refused(cls: type, about: tuple[str, ...], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        event("bad", about=about)(cls)


def test_a_class_that_is_not_declared_is_not_published() -> None:
    with pytest.raises(TypeError, match="Bare is no event"):
        outbox.publish_all([Bare(n=1)], now=NOW)
