"""Issue 8, 4: counts of tries are rows that all processes share; trying elsewhere flushes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from tradepost.market.base import retention
from tradepost.market.identity import throttling
from tradepost.market.identity.models import Throttle

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
pytestmark = [pytest.mark.django_db]


def window(at: datetime = NOW, what: str = "login from a") -> int:
    return throttling.window(what, most=3, length=timedelta(minutes=1), now=at)


def test_a_window_lets_so_many_pass_and_begins_anew() -> None:
    assert [window() for _ in range(3)] == [0, 0, 0]
    assert window(NOW + 10 * SECOND) == 50
    assert window(what="login from b") == 0
    assert window(NOW + 60 * SECOND) == 0


def test_many_others_flush_nothing() -> None:
    """The cache that counted before forgot the oldest of 300."""
    for _ in range(3):
        window()
    for other in range(400):
        window(what=f"login from {other}")
    assert window(NOW + SECOND) == 59


def test_each_wrong_guess_is_held_up_longer_than_the_one_before() -> None:
    now = NOW
    waits: list[int] = []
    for _ in range(16):
        assert throttling.guess("x", now=now) == 0
        waits.append(throttling.guess("x", now=now) if len(waits) >= throttling.FREE else 0)
        now += waits[-1] * SECOND
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_right_guess_ends_it_and_a_day_forgets_it() -> None:
    for _ in range(5):
        throttling.guess("x", now=NOW)
    assert throttling.guess("y", now=NOW) == 0, "what others guess is another count"
    assert throttling.guess("x", now=NOW) == 2
    throttling.guessed("x")
    assert throttling.guess("x", now=NOW) == 0
    for _ in range(4):
        throttling.guess("x", now=NOW)
    assert throttling.guess("x", now=NOW) == 2
    later = NOW + 2 * SECOND + throttling.FORGOTTEN
    assert [throttling.guess("x", now=later) for _ in range(6)] == [0, 0, 0, 0, 0, 2]


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_all_counted() -> None:
    def guess(_number: int) -> int:
        try:
            return throttling.guess("x", now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as many:
        waits = list(many.map(guess, range(12)))
    assert sorted(waits) == [0] * 5 + [2] * 7


def test_a_request_that_waited_for_the_row_is_not_refused_for_the_guess_before_it() -> None:
    """It came first and asked later: no delay applies to either."""
    assert throttling.guess("x", now=NOW + timedelta(milliseconds=40)) == 0
    assert throttling.guess("x", now=NOW) == 0
    assert Throttle.objects.get().number == 2


def test_the_table_names_nobody_and_is_found_by_an_index() -> None:
    throttling.guess("password of known@lantian.example from 192.0.2.1", now=NOW)
    assert "lantian" not in str(Throttle.objects.values().get())
    plan = Throttle.objects.filter(key="x").explain()
    assert "INDEX" in plan or connection.vendor == "postgresql", "which reads a table of one row as a whole"


def test_ended_counts_are_swept_at_night() -> None:
    throttling.guess("old", now=NOW - timedelta(days=3))
    throttling.guess("young", now=NOW)
    assert throttling.RULE.old(NOW - timedelta(days=1)).count() == 1
    assert isinstance(throttling.RULE, retention.Rule)
