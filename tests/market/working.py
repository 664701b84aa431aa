"""A worker inside a test: the real engine with the real wiring, on its own threads and connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, connections

from tests.waiting import until
from tradepost.market import wiring
from tradepost.market.base import clock
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.values import replace
from tradepost.market.production.breaker import Rule
from tradepost.market.production.engine import Engine
from tradepost.market.production.gateway import Limits


@contextmanager
def working(
    *, timeout: float = 5.0, failures: int = 5, name: str = "worker-of-tests", per_seller: int = 16, capacity: int = 512
) -> Iterator[Engine]:
    """Run a worker while the block runs. ``timeout``: seconds for a seller's answer; ``failures``: of the breaker."""
    import asyncio

    setup = replace(
        wiring.setup(name),
        limits=Limits(timeout, 1_048_576, SANDBOX),
        per_seller=per_seller,
        capacity=capacity,
        breaker=Rule(failures, timedelta(seconds=60)),
    )
    engine, stop, crashed = Engine(setup), threading.Event(), []

    def run() -> None:
        try:
            asyncio.run(engine.run(stop))
        except BaseException as error:  # noqa: BLE001  # told to the test below
            crashed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield engine
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "the worker did not stop"
        if crashed:
            raise crashed[0]


def waits_for_a_lock() -> bool:
    """On PostgreSQL: whether a connection waits for a lock. On SQLite waiting is not visible, because writers queue at
    BEGIN.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # otherwise a transaction sees its first snapshot
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def advance(distance: timedelta, *, within: float = 90.0) -> None:
    """Advance the sandbox's clock; a running worker steps from one due moment to the next."""
    clock.set_target(distance)
    until(lambda: clock.target() is None, within=within, what="the clock reaches its target")
