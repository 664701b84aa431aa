"""A request's time: as exact as asking each time, but for 50 ms after another process moved a sandbox's clock."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.models import SandboxClock

MONTH = timedelta(days=30)


def ahead() -> int:
    return round((clock.lately() - clock.wall()) / timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_what_this_process_moves_counts_at_once() -> None:
    assert ahead() == 0
    clock.jump(clock.wall() + MONTH)
    assert ahead() == 30


@pytest.mark.django_db(transaction=True)
def test_what_another_process_moves_counts_a_moment_later() -> None:
    assert ahead() == 0
    SandboxClock.objects.create(pk=1, offset=MONTH)  # as another process writes it: nothing here is told
    until(lambda: ahead() == 30, within=15, what="the offset is read again")


@pytest.mark.django_db(transaction=True)
def test_requests_that_follow_each_other_ask_once() -> None:
    with CaptureQueriesContext(connection) as asked:
        started = clock.wall()
        times = [clock.lately() for _ in range(20)]
        within = clock.wall() - started < timedelta(seconds=clock.KEPT)
    assert times == sorted(times)
    assert len(asked) == 1 or not within


@pytest.mark.django_db(transaction=True)
def test_a_move_that_is_taken_back_is_never_kept() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        clock.jump(clock.wall() + MONTH)
        assert ahead() == 30
        raise ZeroDivisionError
    assert ahead() == 0


@pytest.mark.django_db(transaction=True)
def test_a_move_counts_for_other_threads_as_soon_as_it_is_committed() -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(ahead())
        connections.close_all()

    with transaction.atomic():
        clock.jump(clock.wall() + MONTH)
        if connection.vendor == "postgresql":
            other = threading.Thread(target=look)
            other.start()
            other.join()
            assert seen == [0]
    assert ahead() == 30


def test_a_real_market_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "config", lambda: clock_settings(sandbox=False))
    assert abs(clock.lately() - clock.wall()) < timedelta(seconds=5)


def clock_settings(**changes: object) -> object:
    from tradepost.market.base.config import config

    return config().model_copy(update=changes)
