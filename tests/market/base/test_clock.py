"""The time of a request: exact, except for 50 ms after another process moved a sandbox's clock."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests import waiting
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.models import SandboxClock

MONTH = timedelta(days=30)


def ahead() -> int:
    return round((clock.cached_now() - clock.wall()) / timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_own_move_applies_at_once() -> None:
    assert ahead() == 0
    clock.jump(clock.wall() + MONTH)
    assert ahead() == 30


@pytest.mark.django_db(transaction=True)
def test_move_of_another_process_applies_a_moment_later() -> None:
    assert ahead() == 0
    SandboxClock.objects.create(pk=1, offset=MONTH)  # as another process writes it, without a signal to this one
    until(lambda: ahead() == 30, within=15, what="the offset is read again")


@pytest.mark.django_db(transaction=True)
def test_consecutive_requests_read_the_clock_once() -> None:
    with CaptureQueriesContext(connection) as queries:
        started = clock.wall()
        times = [clock.cached_now() for _ in range(20)]
        within_lifetime = clock.wall() - started < timedelta(seconds=clock.OFFSET_LIFETIME)
    assert times == sorted(times)
    assert len(queries) == 1 or not within_lifetime


@pytest.mark.django_db(transaction=True)
def test_rolled_back_move_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        clock.jump(clock.wall() + MONTH)
        assert ahead() == 30
        raise ZeroDivisionError
    assert ahead() == 0


@pytest.mark.django_db(transaction=True)
def test_committed_move_applies_to_other_threads_at_once() -> None:
    offsets: list[int] = []

    def look() -> None:
        offsets.append(ahead())
        connections.close_all()

    with transaction.atomic():
        clock.jump(clock.wall() + MONTH)
        if connection.vendor == "postgresql":
            thread = threading.Thread(target=look)
            thread.start()
            thread.join(waiting.TIMEOUT)
            assert offsets == [0]
    assert ahead() == 30


def test_real_market_reads_no_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "config", lambda: clock_settings(sandbox=False))
    assert abs(clock.cached_now() - clock.wall()) < timedelta(seconds=5)


def clock_settings(**changes: object) -> object:
    from tests.configured import changed
    from tradepost.market.base.config import config

    return changed(config(), **changes)
