"""Writers of SQLite wait in order, for the configured time (decision 0073)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.utils import ConnectionHandler

from tests.waiting import until
from tradepost.market.base.django_internals.sqlite.base import DatabaseWrapper
from tradepost.market.base.django_internals.sqlite.write_queue import WriteQueue, queue_of
from tradepost.market.web.busy import is_busy

pytestmark = [pytest.mark.sqlite, pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]

TIMEOUT = 60.0
WRITERS = 6


@pytest.fixture
def handler(tmp_path: Path, django_db_blocker: Any) -> Iterator[ConnectionHandler]:
    """Connections to the test's own database."""
    file = tmp_path / "market.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)")
    options = {"transaction_mode": "IMMEDIATE", "timeout": TIMEOUT}
    with django_db_blocker.unblock():
        yield ConnectionHandler(
            {
                "default": {
                    "ENGINE": "tradepost.market.base.django_internals.sqlite",
                    "NAME": str(file),
                    "OPTIONS": options,
                }
            }
        )


@contextmanager
def writing(handler: ConnectionHandler, **options: Any) -> Iterator[DatabaseWrapper]:
    """A transaction on this thread's connection."""
    connection = handler.create_connection("default")
    assert isinstance(connection, DatabaseWrapper)
    connection.settings_dict = connection.settings_dict | {"OPTIONS": connection.settings_dict["OPTIONS"] | options}
    try:
        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        yield connection
        connection.commit()
    finally:
        connection.close()


def insert_name(handler: ConnectionHandler, name: str) -> None:
    with writing(handler) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO names (name) VALUES (%s)", [name])


def inserted_names(handler: ConnectionHandler) -> list[str]:
    with closing(sqlite3.connect(handler.settings["default"]["NAME"])) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM names ORDER BY id")]


def waiting(queue: WriteQueue, number: int) -> None:
    until(lambda: len(queue._waiting) == number)


def test_threads_write_in_their_order_of_arrival(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    names = [f"{number}" for number in range(WRITERS)]
    with writing(handler):
        threads = []
        for number, name in enumerate(names, start=1):
            threads.append(threading.Thread(target=insert_name, args=(handler, name), daemon=True))
            threads[-1].start()
            waiting(queue, number)
    for thread in threads:
        thread.join(TIMEOUT)
    assert inserted_names(handler) == names
    assert not queue._taken


def test_timeout_raises_an_error_and_the_next_writer_continues(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    with writing(handler):
        with pytest.raises(OperationalError) as timeout_error, writing(handler, timeout=0.05):
            pass
        waiting(queue, 0)
    assert is_busy(timeout_error.value), "the request is answered with a retry"
    insert_name(handler, "later")
    assert inserted_names(handler) == ["later"]


def test_interrupted_wait_leaves_the_queue() -> None:
    """As with Ctrl-C: the next writer gets the place, which would otherwise be lost."""
    queue = WriteQueue()
    assert queue.enter(0)
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            queue.enter(TIMEOUT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert not queue._waiting
    queue.leave()
    assert queue.enter(0)


def test_lock_of_another_process_is_awaited_no_longer_than_the_timeout(handler: ConnectionHandler) -> None:
    with closing(sqlite3.connect(handler.settings["default"]["NAME"], isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as timeout_error, writing(handler, timeout=0.2):
            pass
        assert is_busy(timeout_error.value)
        other_connection.execute("ROLLBACK")
    insert_name(handler, "now")
    assert inserted_names(handler) == ["now"]


def test_failed_or_closed_transaction_frees_its_place(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    connection = handler.create_connection("default")
    for end in ("rollback", "close"):
        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        assert queue._taken
        getattr(connection, end)()
        connection.connect()
        assert not queue._taken


def test_single_statement_waits_for_the_configured_time(handler: ConnectionHandler) -> None:
    with writing(handler) as made:
        pass
    made.connect()
    with writing(handler, timeout=3) as made, made.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (3000,)


CONTINUOUS_WRITER = """
import sys, time
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "tradepost.market.base.django_internals.sqlite", "NAME": sys.argv[1],
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 200}}})
from threading import Thread
from django.db import connection, transaction
def write(number):
    for _ in range(50):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO names (name) VALUES (%s)", [f"{sys.argv[2]}{number}"])
            time.sleep(0.004)
    connection.close()
threads = [Thread(target=write, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
"""Four threads that write continuously, as those of a web server may."""


@pytest.mark.slow
def test_two_writing_processes_both_get_their_turns(handler: ConnectionHandler) -> None:
    """With SQLite's own waiting, some writers failed with "database is locked" although every lock was short."""
    file = handler.settings["default"]["NAME"]
    running = [
        subprocess.Popen([sys.executable, "-c", CONTINUOUS_WRITER, file, who], env=os.environ) for who in ("a", "b")
    ]
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    counts = Counter(inserted_names(handler))
    assert counts == {f"{who}{number}": 50 for who in "ab" for number in range(4)}


def test_default_connection_uses_this_backend() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)
