"""Who wants to write to SQLite waits in order, for as long as the settings say (decision 0073)."""

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
from tradepost.market.base.sqlite.base import DatabaseWrapper
from tradepost.market.base.sqlite.write_queue import WriteQueue, queue_of
from tradepost.market.web.busy import is_busy

pytestmark = [pytest.mark.sqlite, pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]

WITHIN = 60.0
MANY = 6


@pytest.fixture
def handler(tmp_path: Path, django_db_blocker: Any) -> Iterator[ConnectionHandler]:
    """Connections to a database of the test's own."""
    file = tmp_path / "market.sqlite3"
    with closing(sqlite3.connect(file)) as made:
        made.executescript("PRAGMA journal_mode=WAL; CREATE TABLE said (id INTEGER PRIMARY KEY, who TEXT)")
    options = {"transaction_mode": "IMMEDIATE", "timeout": WITHIN}
    with django_db_blocker.unblock():
        yield ConnectionHandler(
            {"default": {"ENGINE": "tradepost.market.base.sqlite", "NAME": str(file), "OPTIONS": options}}
        )


@contextmanager
def writing(handler: ConnectionHandler, **options: Any) -> Iterator[DatabaseWrapper]:
    """A transaction on a connection of this thread."""
    made = handler.create_connection("default")
    assert isinstance(made, DatabaseWrapper)
    made.settings_dict = made.settings_dict | {"OPTIONS": made.settings_dict["OPTIONS"] | options}
    try:
        made.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        yield made
        made.commit()
    finally:
        made.close()


def say(handler: ConnectionHandler, who: str) -> None:
    with writing(handler) as made, made.cursor() as cursor:
        cursor.execute("INSERT INTO said (who) VALUES (%s)", [who])


def said(handler: ConnectionHandler) -> list[str]:
    with closing(sqlite3.connect(handler.settings["default"]["NAME"])) as asked:
        return [who for (who,) in asked.execute("SELECT who FROM said ORDER BY id")]


def waiting(queue: WriteQueue, number: int) -> None:
    until(lambda: len(queue._waiting) == number)


def test_threads_write_in_the_order_in_which_they_came(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    names = [f"{number}" for number in range(MANY)]
    with writing(handler):
        threads = []
        for number, name in enumerate(names, start=1):
            threads.append(threading.Thread(target=say, args=(handler, name), daemon=True))
            threads[-1].start()
            waiting(queue, number)
    for thread in threads:
        thread.join(WITHIN)
    assert said(handler) == names
    assert not queue._taken


def test_who_waits_too_long_is_told_so_and_the_next_ones_turn_comes(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    with writing(handler):
        with pytest.raises(OperationalError) as late, writing(handler, timeout=0.05):
            pass
        waiting(queue, 0)
    assert is_busy(late.value), "answered by asking to come again"
    say(handler, "later")
    assert said(handler) == ["later"]


def test_a_wait_that_a_signal_ends_leaves_nobody_in_the_queue() -> None:
    """As at Ctrl-C: the one behind it gets the place, which would else be given to nobody."""
    queue = WriteQueue()
    assert queue.enter(0)
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            queue.enter(WITHIN)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert not queue._waiting
    queue.leave()
    assert queue.enter(0)


def test_another_process_that_holds_the_lock_is_waited_for_no_longer(handler: ConnectionHandler) -> None:
    with closing(sqlite3.connect(handler.settings["default"]["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as late, writing(handler, timeout=0.2):
            pass
        assert is_busy(late.value)
        other.execute("ROLLBACK")
    say(handler, "now")
    assert said(handler) == ["now"]


def test_a_transaction_that_fails_or_is_cut_off_gives_its_place_back(handler: ConnectionHandler) -> None:
    queue = queue_of(handler.settings["default"]["NAME"])
    made = handler.create_connection("default")
    for end in ("rollback", "close"):
        made.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        assert queue._taken
        getattr(made, end)()
        made.connect()
        assert not queue._taken


def test_a_statement_alone_waits_as_long_as_the_settings_say(handler: ConnectionHandler) -> None:
    with writing(handler) as made:
        pass
    made.connect()
    with writing(handler, timeout=3) as made, made.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (3000,)


HAMMER = """
import sys, time
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "tradepost.market.base.sqlite", "NAME": sys.argv[1],
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 200}}})
from threading import Thread
from django.db import connection, transaction
def write(number):
    for _ in range(50):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO said (who) VALUES (%s)", [f"{sys.argv[2]}{number}"])
            time.sleep(0.004)
    connection.close()
threads = [Thread(target=write, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
"""Four threads that write as often as they can, as a web server's do."""


@pytest.mark.slow
def test_two_processes_that_write_all_the_while_both_get_their_turns(handler: ConnectionHandler) -> None:
    """With SQLite's own way of waiting some writers failed with "database is locked" although nobody held it for long."""
    file = handler.settings["default"]["NAME"]
    running = [subprocess.Popen([sys.executable, "-c", HAMMER, file, who], env=os.environ) for who in ("a", "b")]
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    written = Counter(said(handler))
    assert written == {f"{who}{number}": 50 for who in "ab" for number in range(4)}


def test_the_markets_own_connection_is_one_of_these() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)
