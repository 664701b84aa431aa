"""Issue 8, 5: twenty waiting writers blocked readers for 29 s. Who reads never waits behind who writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.market.web.exchanging import WITHIN, ask, scope, server, until
from tradepost.market.web import request_buffering, writers
from tradepost.market.web.answering import Environ
from tradepost.market.web.request_buffering import AT_ONCE, AT_ONCE_OF_ONE
from tradepost.market.web.writers import TURNED_AWAY, Places, places

MANY = 20


class Locked:
    """An application whose writers wait for a lock that somebody else holds, as they do for SQLite's."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.began = 0

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and not environ.get(TURNED_AWAY):
            self.began += 1
            assert self.free.wait(WITHIN)
        start("503 Busy" if environ.get(TURNED_AWAY) else "200 OK", [])
        return [b""]


@pytest.mark.parametrize(("path", "number"), [("/", places(AT_ONCE, sqlite=True)), ("/login", writers.HASHING_AT_ONCE)])
def test_twenty_waiting_writers_keep_no_reader_out(path: str, number: int) -> None:
    """Nor do twenty who log in (issue 8, 3): of them two hash a password at a time."""
    inside = Locked()

    async def run() -> None:
        tried = server(inside, threads=AT_ONCE, writers=places(AT_ONCE, sqlite=True))
        visitors = [f"192.0.2.{n}:50000" for n in range(MANY)]
        writing = [asyncio.create_task(ask(tried, scope(path=path, length=1, client=one), b"a")) for one in visitors]
        await until(lambda: inside.began == number)
        reading = await asyncio.gather(*(ask(tried, scope(method="GET")) for _ in range(3 * AT_ONCE)))
        assert {answer.status for answer in reading} == {200}
        assert not any(task.done() for task in writing)
        assert inside.began == number
        inside.free.set()
        assert {(await task).status for task in writing} == {200}, "those that could wait were served"

    asyncio.run(run())


def test_parallel_calls_of_one_program_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """openapi-jointkit §C.5: twenty usage pushes at a time were answered 502 once the first took longer than a form may wait."""
    asked = 0
    take = Places.take

    def counting(self: Places, *arguments: Any) -> None:
        nonlocal asked
        asked += 1
        take(self, *arguments)

    monkeypatch.setattr(request_buffering, "WAIT", 0.01)
    monkeypatch.setattr(request_buffering, "CALL_TRIES", 100_000)
    monkeypatch.setattr(Places, "take", counting)
    inside = Locked()

    async def run() -> None:
        tried = server(inside, threads=AT_ONCE, writers=2)
        pushing = [asyncio.create_task(ask(tried, scope(path="/api/x", length=1), b"a")) for _ in range(MANY)]
        await until(lambda: asked > 3 * MANY)
        assert not any(task.done() for task in pushing), "nobody is turned away"
        form = await ask(tried, scope(length=1), b"a")
        assert form.status == 503, "a person hears at once that the market is busy"
        inside.free.set()
        assert {(await task).status for task in pushing} == {200}

    asyncio.run(run())


def test_waiting_writers_of_one_client_keep_out_neither_its_pages_nor_forms_of_others() -> None:
    """Issue 25, 8."""
    inside = Locked()

    async def run() -> None:
        number = places(AT_ONCE, sqlite=True)
        tried = server(inside, threads=AT_ONCE, writers=number)
        writing = [asyncio.create_task(ask(tried, scope(length=1), b"a")) for _ in range(MANY)]
        await until(lambda: inside.began == AT_ONCE_OF_ONE - 1)
        assert (await ask(tried, scope(method="GET"))).status == 200
        other = asyncio.create_task(ask(tried, scope(length=1, client="192.0.2.9:50000"), b"a"))
        await until(lambda: inside.began == AT_ONCE_OF_ONE)
        assert not any(task.done() for task in [*writing, other])
        inside.free.set()
        assert {(await task).status for task in [*writing, other]} == {200}

    asyncio.run(run())


def test_forms_of_one_client_wait_behind_those_of_others() -> None:
    order: list[str] = []

    async def run() -> None:
        one = Places(1, wait=30)
        for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
            one.take(name[0], partial(order.append, name), partial(order.append, "turned away"))
        for _ in range(5):
            one.leave(order[-1][0])

    asyncio.run(run())
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_gets_no_place_in_time_is_turned_away() -> None:
    said: list[str] = []

    async def run() -> None:
        few = Places(1, wait=0.01)
        for name in "abc":
            few.take("a client", partial(said.append, f"{name} begins"), partial(said.append, f"{name} goes"))
        await until(lambda: len(said) == 3)
        few.leave("a client")
        few.take("a client", lambda: said.append("d begins"), lambda: said.append("d goes"))
        few.take("a client", lambda: said.append("e begins"), lambda: said.append("e goes"))
        few.leave("a client")

    asyncio.run(run())
    assert said == ["a begins", "b goes", "c goes", "d begins", "e begins"]


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


@pytest.mark.sqlite
def test_sqlite_waits_no_longer_than_somebody_who_sent_a_form() -> None:
    options: Any = settings.DATABASES["default"]["OPTIONS"]
    assert options["timeout"] <= writers.WAIT
