"""Events have a stored name and a version. Events of earlier releases are read; unreadable events wait."""

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
from tradepost.market.base.events import Reactions, UnknownEvent, declaration_of, event, name_of, on
from tradepost.market.base.models import Event
from tradepost.market.base.work import State

HOUR = timedelta(hours=1)


def in_parts(members: dict[str, Any]) -> dict[str, Any]:
    return {"parcel": members["parcel"], "parts": [members["whole"]]}


@event("sent", version=2, was=("Sent", "Posted"), about=("parcel",), upgrades={1: in_parts})
@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSent:
    parcel: int
    parts: tuple[str, ...]


@event("arrived", about=("parcel", "house"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelArrived:
    parcel: int
    house: int | None = None
    note: str = ""


class RecordingReactions:
    """Reactions that record events in their order."""

    def __init__(self) -> None:
        self.came: list[object] = []
        self.broken = False

    def sent(self, event: ParcelSent, now: datetime) -> None:
        self.came.append(event)

    def arrived(self, event: ParcelArrived, now: datetime) -> None:
        if self.broken:
            raise RuntimeError("this reaction has a fault")
        self.came.append(event)

    @property
    def reactions(self) -> Reactions:
        return Reactions([on(ParcelSent, self.sent), on(ParcelArrived, self.arrived)])

    def dispatch(self, now: datetime = NOW) -> int:
        return outbox.dispatch(self.reactions, now=now)


def store(name: str, facts: dict[str, Any], **columns: Any) -> Event:
    """Store a row as some release wrote it."""
    return Event.objects.create(name=name, facts=facts, due_at=NOW, created_at=NOW - HOUR, **columns)


@pytest.mark.django_db
def test_events_are_stored_in_one_statement_with_name_and_version() -> None:
    events = [
        ParcelSent(parcel=1, parts=("a", "b")),
        ParcelArrived(parcel=1, note="nul: \x00"),
        ParcelSent(parcel=2, parts=()),
    ]
    with CaptureQueriesContext(connection) as queries:
        outbox.publish_all(events, now=NOW)
    assert len(queries) == 1
    rows = list(Event.objects.order_by("pk").values_list("name", "facts"))
    assert rows[0] == ("sent", {"v": 2, "parcel": 1, "parts": ["a", "b"]})
    assert [name for name, _ in rows] == ["sent", "arrived", "sent"]
    notes = RecordingReactions()
    assert notes.dispatch() == 3
    assert notes.came == [events[0], events[2], ParcelArrived(parcel=1, note="nul: \\x00")]
    assert not Event.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["sent", "Sent", "Posted"])
def test_events_of_earlier_releases_are_read(name: str) -> None:
    store(name, {"parcel": 7, "whole": "a"})
    notes = RecordingReactions()
    notes.dispatch()
    assert notes.came == [ParcelSent(parcel=7, parts=("a",))]
    assert not Event.objects.exists()


UNREADABLE = [
    ("lost", {"v": 1}, "this release has no event 'lost'"),
    ("sent", {"v": 3, "parcel": 1}, "Sent was stored as version 3; this release knows 1 to 2"),
    ("arrived", {"v": 1, "parcel": "one"}, "Arrived: Expected `int`, got `str`"),
    ("sent", {"v": 1, "parcel": 1}, "Sent: an upgrade failed: KeyError: 'whole'"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [False, True], ids=["a sound batch", "a batch that fails"])
@pytest.mark.parametrize(("name", "facts", "message"), UNREADABLE)
def test_unreadable_event_waits_while_others_are_handled(
    name: str, facts: dict[str, Any], message: str, *, broken: bool
) -> None:
    remaining = ["somebody.on_lost"]
    row = store(name, facts, left=remaining)
    outbox.publish_all([ParcelSent(parcel=1, parts=()), ParcelArrived(parcel=2)], now=NOW)
    notes = RecordingReactions()
    notes.broken = broken
    assert notes.dispatch() == 3
    assert notes.came.count(ParcelSent(parcel=1, parts=())) >= 1
    stored_event = Event.objects.get(pk=row.pk)
    assert (stored_event.name, stored_event.facts, stored_event.left, stored_event.created_at) == (
        name,
        facts,
        remaining,
        row.created_at,
    )
    assert (stored_event.state, stored_event.attempts, message in stored_event.error) == (State.WAITING, 1, True)
    assert NOW < stored_event.due_at <= NOW + timedelta(minutes=1)
    assert Event.objects.count() == 1 + broken
    assert notes.dispatch() == 0, "not before its retry time"


@pytest.mark.django_db
def test_unreadable_event_waits_for_a_later_release_with_growing_pauses() -> None:
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
    notes = RecordingReactions()
    assert notes.dispatch(now) == 1
    assert notes.came == [ParcelArrived(parcel=5)]
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_remaining_reaction_under_its_earlier_name_runs() -> None:
    store("arrived", {"v": 1, "parcel": 5}, left=["fulfilment.plan.on_arrived"], error="Traceback", attempts=3)
    notes = RecordingReactions()
    notes.dispatch()
    assert notes.came == [ParcelArrived(parcel=5)]
    assert not Event.objects.exists()


def test_only_the_renamed_reaction_runs_again() -> None:
    def first(event: ParcelArrived, now: datetime) -> None: ...

    def second(event: ParcelArrived, now: datetime) -> None: ...

    table = Reactions([on(ParcelArrived, first, second)], renamed={"fulfilment.plan.on_arrived": name_of(second)})
    assert table.of(ParcelArrived, ["fulfilment.plan.on_arrived"]) == [second]
    assert table.of(ParcelArrived, [name_of(first)]) == [first]
    assert table.of(ParcelArrived, ["fulfilment.plan.on_lost"]) == [first, second]


@pytest.mark.django_db
def test_no_event_overtakes_another_about_the_same_object() -> None:
    make_sent, make_arrived = (
        (lambda n: ParcelSent(parcel=n, parts=())),
        (lambda n, house=None: ParcelArrived(parcel=n, house=house)),
    )
    outbox.publish_all(
        [make_sent(1), make_arrived(1), make_sent(2), make_sent(1), make_arrived(3, 2), make_sent(3)], now=NOW
    )
    notes = RecordingReactions()
    notes.dispatch()
    assert notes.came == [
        make_sent(1),
        make_sent(2),
        make_arrived(1),
        make_arrived(3, 2),
        make_sent(1),
        make_sent(3),
    ], "2 is a house, not a parcel; an event without a house is about no object"


@pytest.mark.django_db
@pytest.mark.postgres
def test_only_the_claim_forces_index_scans() -> None:
    planner_settings: list[Any] = []

    @outbox.batched
    def look(events: Sequence[ParcelArrived], now: datetime) -> None:
        with connection.cursor() as cursor:
            for name in ("enable_bitmapscan", "enable_seqscan"):
                cursor.execute(f"SHOW {name}")
                planner_settings.append(cursor.fetchone())

    outbox.publish(ParcelArrived(parcel=1), now=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert outbox.dispatch(Reactions([on(ParcelArrived, look)]), now=NOW) == 1
    assert planner_settings == [("on",), ("on",)]
    [taking] = [query["sql"] for query in queries if "DELETE" in query["sql"]]
    assert taking.index("set_config") < taking.index("DELETE") < taking.index("TO DEFAULT")


# --- declarations ---


def test_reaction_must_match_its_event() -> None:
    """mypy reports the mismatch, or it would report this ``type: ignore`` as unused."""

    def other(event: ParcelSent, now: datetime) -> None: ...

    on(ParcelArrived, other)  # type: ignore[arg-type]
    on(ParcelSent, other)


def test_events_cannot_share_a_stored_name() -> None:
    @event("other", was=("Posted",), about=("n",))
    @dataclass(frozen=True)
    class Other:
        n: int

    with pytest.raises(TypeError, match="two events are stored as 'Posted'"):
        Reactions([on(ParcelSent), on(Other)])


def test_earlier_name_is_read_and_never_written() -> None:
    assert declaration_of(ParcelSent).name == "sent"
    assert RecordingReactions().reactions.load("Posted", {"v": 2, "parcel": 1, "parts": []}) == ParcelSent(
        parcel=1, parts=()
    )
    with pytest.raises(UnknownEvent):
        RecordingReactions().reactions.load("posted", {})


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
    ("cls", "about", "message"),
    [
        (WithVersion, (), "has a field 'v'"),
        (Changeable, ("n",), "must be a frozen Struct"),
        (dict, (), "must be a frozen Struct"),
        (Bare, ("m",), "is about"),
    ],
)
def test_invalid_event_class_is_refused(cls: type, about: tuple[str, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        event("bad", about=about)(cls)


def test_undeclared_class_is_not_published() -> None:
    with pytest.raises(TypeError, match="Bare is no event"):
        outbox.publish_all([Bare(n=1)], now=NOW)
