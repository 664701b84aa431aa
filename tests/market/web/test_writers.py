"""Issue 8, 5: twenty waiting writers blocked readers for 29 s. Who reads never waits behind who writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tradepost.market.web import writers
from tradepost.market.web.request_buffering import AT_ONCE, Environ, RequestBuffering
from tradepost.market.web.writers import TURNED_AWAY, Writers, places

WITHIN = 30
MANY = 20


class Locked:
    """An application whose writers wait for a lock that somebody else holds, as they do for SQLite's."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.began = threading.Semaphore(0)

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and not environ.get(TURNED_AWAY):
            self.began.release()
            assert self.free.wait(WITHIN)
        start("503 Busy" if environ.get(TURNED_AWAY) else "200 OK", [])
        return [b""]


def ask(app: RequestBuffering, method: str) -> str:
    told: list[str] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "wsgi.input": BytesIO()}
    app(environ, lambda status, _headers: told.append(status))
    return told[0]


def test_twenty_waiting_writers_keep_no_reader_out() -> None:
    number = places(AT_ONCE, sqlite=True)
    inside = Locked()
    app = RequestBuffering(inside, threads=AT_ONCE, largest_form=10, writers=Writers(number, wait=WITHIN))
    with ThreadPoolExecutor(MANY) as server:
        writing = [server.submit(ask, app, "POST") for _ in range(MANY)]
        for _ in range(number):
            assert inside.began.acquire(timeout=WITHIN)
        with ThreadPoolExecutor(AT_ONCE) as readers:  # they all have a place, though each writer holds a thread
            began = time.monotonic()
            reading = [readers.submit(ask, app, "GET") for _ in range(3 * AT_ONCE)]
            assert {done.result(WITHIN) for done in reading} == {"200 OK"}
            assert time.monotonic() - began < WITHIN / 3
        assert not any(done.done() for done in writing)
        inside.free.set()
        assert {done.result(WITHIN) for done in writing} == {"200 OK"}, "those that could wait were served"


@pytest.mark.parametrize(
    ("wait", "most_waiting"), [(0.01, 100), (WITHIN, 1)], ids=["after a while", "at once when many wait"]
)
def test_who_gets_no_place_is_turned_away(wait: float, most_waiting: int) -> None:
    few = Writers(1, wait=wait, most_waiting=most_waiting)
    marked: list[Environ] = [{"REQUEST_METHOD": "POST"} for _ in range(3)]
    with few.place(marked[0]), ThreadPoolExecutor(1) as server:
        if most_waiting == 1:
            assert few._waiting.acquire(blocking=False)
        server.submit(lambda: few.place(marked[1]).__enter__()).result(WITHIN)
        with few.place(reader := {"REQUEST_METHOD": "GET"}):
            assert TURNED_AWAY not in reader
    assert [TURNED_AWAY in environ for environ in marked[:2]] == [False, True]
    with few.place(marked[2]):
        assert TURNED_AWAY not in marked[2], "its place is free again"


def test_a_place_is_given_back_after_an_error() -> None:
    few = Writers(1, wait=0.01)
    for _ in range(2):
        environ: Environ = {"REQUEST_METHOD": "POST"}
        with pytest.raises(ValueError, match="of the page"), few.place(environ):
            assert TURNED_AWAY not in environ
            raise ValueError("of the page")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/account/login/", 503, "The market is busy"),
        ("/api/mkp-openapi-public/global/v1/order/query", 502, "APIGW.0201"),
    ],
)
def test_turned_away_means_come_again(path: str, status: int, said: str) -> None:
    """As by a database that is busy (web/busy.py), for people and for programs."""
    environ: Any = {TURNED_AWAY: True}
    answer = Client(headers={"accept-language": "en"}).post(path, **environ)
    assert (answer.status_code, answer["Retry-After"]) == (status, "5")
    assert said in answer.content.decode()


def test_there_are_fewer_places_than_slots_on_every_database() -> None:
    assert places(AT_ONCE, sqlite=True) == 4
    assert places(AT_ONCE, sqlite=False) == 12
    assert [places(threads, sqlite=sqlite) for threads in (1, 2) for sqlite in (True, False)] == [1, 1, 1, 1]


def test_sqlite_waits_no_longer_than_somebody_who_sent_a_form() -> None:
    if connection.vendor == "sqlite":
        assert connection.settings_dict["OPTIONS"]["timeout"] <= writers.WAIT
