"""The clock of a sandbox advances from one due moment to the next; skipped work runs before the next other moment
(0050).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tradepost.market.base import clock, jobs
from tradepost.market.base.models import Job
from tradepost.market.production import clock_steps

pytestmark = pytest.mark.django_db
QUIET, LOUD = "test.quiet", "test.loud"
HOUR = timedelta(hours=1)
TIMERS = clock_steps.Timers(reacting=[QUIET, LOUD], passed_over=[QUIET], mail="test.mail")
Moment = tuple[str, int]


def step() -> frozenset[str] | None:
    return clock_steps.step(TIMERS, idle=lambda: True, sweep=lambda _: None)


def steps(moments: Sequence[Moment], *, hours: int) -> list[list[Moment]]:
    """Return what is due at each stop of a clock that advances by these hours."""
    start = clock.now()
    for number, (kind, at) in enumerate(moments):
        jobs.schedule(kind, str(number), due_at=start + at * HOUR)
    clock.set_target(hours * HOUR)
    stops: list[list[Moment]] = []
    for _ in range(30):
        if step() is None:
            return stops
        due = Job.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
        stops.append([(job.kind, round((job.due_at - start) / HOUR)) for job in due])
        due.delete()
    raise AssertionError("it never arrives")


@pytest.mark.parametrize(
    ("name", "moments", "hours", "stops"),
    [
        ("each other moment is a stop", [(LOUD, 1), (LOUD, 2)], 3, [[(LOUD, 1)], [(LOUD, 2)], []]),
        ("quiet ones are run together", [(QUIET, 1), (QUIET, 2)], 3, [[(QUIET, 1), (QUIET, 2)], []]),
        (
            "before the next timer, where that is due",
            [(QUIET, 1), (QUIET, 2), (LOUD, 3), (QUIET, 4)],
            9,
            [[(QUIET, 1), (QUIET, 2), (LOUD, 3)], [(QUIET, 4)], []],
        ),
        (
            "before the next message",
            [(QUIET, 1), (QUIET, 2), ("test.mail", 3)],
            9,
            [[(QUIET, 1), (QUIET, 2)], [("test.mail", 3)], []],
        ),
        ("at the same moment with it", [(LOUD, 2), (QUIET, 2)], 3, [[(LOUD, 2), (QUIET, 2)], []]),
        ("what comes after the end waits", [(QUIET, 1), (QUIET, 5), (LOUD, 7)], 3, [[(QUIET, 1)], []]),
        ("a clock for which nothing is due arrives", [], 3, [[]]),
    ],
)
def test_clock_stops_at_due_moments(name: str, moments: list[Moment], hours: int, stops: list[list[Moment]]) -> None:
    start = clock.now()
    assert steps(moments, hours=hours) == stops, name
    assert clock.now() - start >= hours * HOUR


def test_no_work_is_skipped_while_something_is_due() -> None:
    jobs.schedule(LOUD, "now", due_at=clock.now())
    jobs.schedule(QUIET, "soon", due_at=clock.now() + HOUR)
    clock.set_target(2 * HOUR)
    before = clock.now()
    due = step()
    assert due == frozenset({clock_steps.REACT})
    assert clock.now() - before < HOUR


@pytest.mark.parametrize(("kind", "loop"), [("test.mail", clock_steps.MAIL), ("test.sms", clock_steps.ELSEWHERE)])
def test_message_wakes_the_loop_that_sends_it(kind: str, loop: str) -> None:
    jobs.schedule(kind, "1", due_at=clock.now())
    clock.set_target(HOUR)
    assert step() == frozenset({loop})


def test_two_loops_that_step_at_once_do_not_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops of the clock and of the reactions both step: one may look first and jump after the other has run its
    timers.
    """
    jobs.schedule(QUIET, "soon", due_at=clock.now() + HOUR)
    jobs.schedule("test.mail", "later", due_at=clock.now() + 2 * HOUR)
    clock.set_target(3 * HOUR)
    before, look = clock.now(), clock_steps.read_queues

    def looks_first(*given: Any) -> clock_steps.QueueState:
        moment = look(*given)
        Job.objects.filter(kind=QUIET).delete()
        return moment

    monkeypatch.setattr(clock_steps, "read_queues", looks_first)
    assert step() == frozenset({clock_steps.REACT})
    assert clock.now() - before < HOUR


@pytest.mark.parametrize("kind", ["test.mail", LOUD])
def test_work_done_after_the_look_is_looked_at_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the clock would skip what follows from that work, up to its target."""
    jobs.schedule(kind, "1", due_at=clock.now())
    clock.set_target(HOUR)
    before, oldest = clock.now(), clock_steps._oldest_due_times  # between the two statements of a look

    def done_just_now() -> Any:
        moment = oldest()
        Job.objects.filter(kind=kind).delete()
        return moment

    monkeypatch.setattr(clock_steps, "_oldest_due_times", done_just_now)
    assert step() == frozenset({clock_steps.REACT})
    assert clock.now() - before < HOUR
