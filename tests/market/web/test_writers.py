"""Issue 8, 5: twenty waiting writers blocked readers for 29 s. Reads never wait for writes."""

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
from tradepost.market.web.request_buffering import MAX_CONCURRENT, MAX_CONCURRENT_PER_CLIENT
from tradepost.market.web.writers import SLOT_REFUSED, Slots, writer_slots

MANY = 20


class LockedApp:
    """An application whose writers wait for another's lock, as with SQLite."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.began = 0

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and not environ.get(SLOT_REFUSED):
            self.began += 1
            assert self.free.wait(WITHIN)
        start("503 Busy" if environ.get(SLOT_REFUSED) else "200 OK", [])
        return [b""]


@pytest.mark.parametrize(
    ("path", "number"), [("/", writer_slots(MAX_CONCURRENT, sqlite=True)), ("/login", writers.MAX_CONCURRENT_HASHES)]
)
def test_twenty_waiting_writers_block_no_reader(path: str, number: int) -> None:
    """Nor do twenty sign-ins (issue 8, 3): two of them hash a password at a time."""
    inside = LockedApp()

    async def run() -> None:
        tried = server(inside, threads=MAX_CONCURRENT, writers=writer_slots(MAX_CONCURRENT, sqlite=True))
        visitors = [f"192.0.2.{n}:50000" for n in range(MANY)]
        writing = [
            asyncio.create_task(ask(tried, scope(path=path, length=1, client=visitor), b"a")) for visitor in visitors
        ]
        await until(lambda: inside.began == number)
        reading = await asyncio.gather(*(ask(tried, scope(method="GET")) for _ in range(3 * MAX_CONCURRENT)))
        assert {answer.status for answer in reading} == {200}
        assert not any(task.done() for task in writing)
        assert inside.began == number
        inside.free.set()
        assert {(await task).status for task in writing} == {200}, "those that could wait were served"

    asyncio.run(run())


def test_parallel_calls_of_one_program_are_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """openapi-jointkit §C.5: twenty usage pushes at a time were answered 502 once the first took longer than a form may
    wait."""
    calls = 0
    take = Slots.take

    def counting(self: Slots, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        take(self, *arguments)

    monkeypatch.setattr(request_buffering, "SLOT_TIMEOUT", 0.01)
    monkeypatch.setattr(request_buffering, "CALL_TRIES", 100_000)
    monkeypatch.setattr(Slots, "take", counting)
    inside = LockedApp()

    async def run() -> None:
        tried = server(inside, threads=MAX_CONCURRENT, writers=2)
        pushing = [asyncio.create_task(ask(tried, scope(path="/api/x", length=1), b"a")) for _ in range(MANY)]
        await until(lambda: calls > 3 * MANY)
        assert not any(task.done() for task in pushing), "nobody is turned away"
        form = await ask(tried, scope(length=1), b"a")
        assert form.status == 503, "a person hears at once that the market is busy"
        inside.free.set()
        assert {(await task).status for task in pushing} == {200}

    asyncio.run(run())


def test_waiting_writers_of_one_client_block_neither_its_pages_nor_forms_of_others() -> None:
    """Issue 25, 8."""
    inside = LockedApp()

    async def run() -> None:
        number = writer_slots(MAX_CONCURRENT, sqlite=True)
        tried = server(inside, threads=MAX_CONCURRENT, writers=number)
        writing = [asyncio.create_task(ask(tried, scope(length=1), b"a")) for _ in range(MANY)]
        await until(lambda: inside.began == MAX_CONCURRENT_PER_CLIENT - 1)
        assert (await ask(tried, scope(method="GET"))).status == 200
        other = asyncio.create_task(ask(tried, scope(length=1, client="192.0.2.9:50000"), b"a"))
        await until(lambda: inside.began == MAX_CONCURRENT_PER_CLIENT)
        assert not any(task.done() for task in [*writing, other])
        inside.free.set()
        assert {(await task).status for task in [*writing, other]} == {200}

    asyncio.run(run())


def test_forms_of_one_client_wait_behind_those_of_others() -> None:
    order: list[str] = []

    async def run() -> None:
        slot = Slots(1, wait=30)
        for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
            slot.take(name[0], partial(order.append, name), partial(order.append, "turned away"))
        for _ in range(5):
            slot.leave(order[-1][0])

    asyncio.run(run())
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_request_without_a_slot_in_time_is_refused() -> None:
    responses: list[str] = []

    async def run() -> None:
        few = Slots(1, wait=0.01)
        for name in "abc":
            few.take("a client", partial(responses.append, f"{name} begins"), partial(responses.append, f"{name} goes"))
        await until(lambda: len(responses) == 3)
        few.leave("a client")
        few.take("a client", lambda: responses.append("d begins"), lambda: responses.append("d goes"))
        few.take("a client", lambda: responses.append("e begins"), lambda: responses.append("e goes"))
        few.leave("a client")

    asyncio.run(run())
    assert responses == ["a begins", "b goes", "c goes", "d begins", "e begins"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/account/login/", 503, "The market is busy"),
        ("/api/mkp-openapi-public/global/v1/order/query", 502, "APIGW.0201"),
    ],
)
def test_refused_request_can_be_retried(path: str, status: int, message: str) -> None:
    """As with a busy database (web/busy.py), for people and for programs."""
    environ: Any = {SLOT_REFUSED: True}
    answer = Client(headers={"accept-language": "en"}).post(path, **environ)
    assert (answer.status_code, answer["Retry-After"]) == (status, "5")
    assert message in answer.content.decode()


def test_fewer_writing_slots_than_threads_exist_on_every_database() -> None:
    assert writer_slots(MAX_CONCURRENT, sqlite=True) == 4
    assert writer_slots(MAX_CONCURRENT, sqlite=False) == 12
    assert [writer_slots(threads, sqlite=sqlite) for threads in (1, 2) for sqlite in (True, False)] == [1, 1, 1, 1]


@pytest.mark.sqlite
def test_sqlite_timeout_is_not_longer_than_that_of_a_form() -> None:
    options: Any = settings.DATABASES["default"]["OPTIONS"]
    assert options["timeout"] <= writers.SLOT_TIMEOUT
