"""Issue 8, 1: a client that sends slowly, too much or only half delays nobody and fills no memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from tests.market.web.exchanging import WITHIN, Exchange, ask, echo, scope, server, until
from tradepost.market.web import arriving, request_buffering
from tradepost.market.web.answering import ConnectionPool, Environ
from tradepost.market.web.answering import call_app as ask_app
from tradepost.market.web.arriving import Arrivals
from tradepost.market.web.environs import environ_of
from tradepost.market.web.request_buffering import MAX_CALL_FROM_UNKNOWN

API = "/api/x"
CHUNKED = [("transfer-encoding", "chunked")]


def test_hundreds_of_incomplete_bodies_of_one_client_delay_no_other_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even clients behind the same address: a body that arrives at once needs no slot."""
    monkeypatch.setattr(request_buffering, "QUICK", 0.01)

    async def run() -> None:
        tried = server(arrivals=Arrivals(places=200, places_of_one=32))
        half = [asyncio.create_task(ask(tried, scope(length=10), b"a=", None)) for _ in range(200)]
        await until(lambda: sum(task.done() for task in half) == 200 - 32)
        assert {task.result().status for task in half if task.done()} == {503}
        assert all(task.result().headers["Retry-After"] == "5" for task in half if task.done())
        answer = await ask(tried, scope(length=3), b"a=b")
        assert (answer.status, answer.body) == (200, b"came: a=b")
        assert (await ask(tried, scope(method="GET"))).status == 200
        assert sum(task.done() for task in half) == 200 - 32, "the rest have their time"
        for task in half:
            task.cancel()

    asyncio.run(run())


def test_body_has_a_deadline_that_received_bytes_extend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "PATIENCE", 0.05)

    async def run() -> None:
        tried = server()
        answer = await ask(tried, scope(length=10), b"a=", None)
        assert (answer.status, answer.headers["Connection"]) == (408, "close")

    asyncio.run(run())
    arrival = Arrivals().begin("a", now=100.0, send_away=lambda: None)
    assert arrival.until == 100.0 + arriving.PATIENCE
    arrival.bytes = 1024 * 1024
    assert arrival.until == 100.0 + arriving.PATIENCE + 64, "1 MiB at 16 KiB a second"


@pytest.mark.parametrize(
    ("request_scope", "status"),
    [
        (scope(length=11), 413),
        (scope(length=11, path=API), 200),
        (scope(length=5, path="/nowhere"), 200),
        (scope(length=5, path="/api/nowhere"), 200),
        (scope(headers=CHUNKED, path="/api/nowhere"), 200),
    ],
    ids=["a form too large", "a call too large", "no page", "no API", "no API, in chunks"],
)
def test_body_is_not_received_if_the_head_decides_the_response(request_scope: Any, status: int) -> None:
    """Unknown path or method, or too much: the response does not depend on the body. An API responds in its own format."""

    async def run() -> Exchange:
        largest = {"/": 10, API: 10}
        tried = server(largest_body=lambda environ: largest.get(environ["PATH_INFO"], 0))
        return await ask(tried, request_scope, b"x" * 11)

    answer = asyncio.run(run())
    assert (answer.status, answer.asked_for) == (status, 0)
    assert answer.body == (b"" if status == 413 else b"came: ")


@pytest.mark.parametrize("caller_known", [True, False])
@pytest.mark.parametrize("large", [scope(length=MAX_CALL_FROM_UNKNOWN + 1, path=API), scope(headers=CHUNKED, path=API)])
def test_only_known_clients_may_send_large_bodies_to_an_api(caller_known: bool, large: Any) -> None:
    async def run() -> Exchange:
        tried = server(is_caller_known=lambda _environ: caller_known, largest=2 * MAX_CALL_FROM_UNKNOWN)
        small = await ask(tried, scope(length=3, path=API), b"abc")
        assert small.body == b"came: abc", "as small as it is, nobody is asked"
        return await ask(tried, large, b"x" * (MAX_CALL_FROM_UNKNOWN + 1))

    answer = asyncio.run(run())
    assert answer.asked_for == caller_known
    assert answer.body == b"came: " + b"x" * (MAX_CALL_FROM_UNKNOWN + 1) * caller_known


def test_chunked_body_is_read_to_its_end_within_the_limit() -> None:
    """A cut body means something else: a page refuses it, and an API responds in its own format."""

    async def run() -> None:
        assert (await ask(server(largest=10), scope(headers=CHUNKED), b"abc", b"def")).body == b"came: abcdef"
        page = await ask(server(largest=10), scope(headers=CHUNKED), *[b"xxxx"] * 100)
        assert (page.status, page.headers["Connection"], page.asked_for) == (413, "close", 3)
        call = await ask(server(largest=10), scope(headers=CHUNKED, path=API), *[b"xxxx"] * 100)
        assert (call.body, call.asked_for) == (b"came: " + b"x" * 11, 3)

    asyncio.run(run())


def test_incomplete_form_is_refused() -> None:
    async def run() -> Exchange:
        return await ask(server(), scope(length=6), b"a=1")

    assert asyncio.run(run()).status == 400


def test_total_of_received_bodies_is_limited() -> None:
    """The client that uses most is refused, not the latest one."""

    async def run() -> None:
        tried = server(arrivals=Arrivals(most_bytes=100, bytes_of_one=60))
        first_client = [
            asyncio.create_task(ask(tried, scope(length=99, client="192.0.2.1:1"), b"x" * 25, None)) for _ in "ab"
        ]
        two = asyncio.create_task(ask(tried, scope(length=99, client="192.0.2.2:1"), b"x" * 30, None))
        for _ in range(20):  # turns of the loop until all sent bytes have arrived
            await asyncio.sleep(0)
        assert not any(task.done() for task in [*first_client, two])
        three = await ask(tried, scope(length=25, client="192.0.2.3:1"), b"x" * 25)
        assert three.status == 200
        await until(lambda: any(task.done() for task in first_client))
        assert [task.done() for task in [*first_client, two]].count(True) == 1
        for task in [*first_client, two]:
            task.cancel()

    asyncio.run(run())


def test_internal_error_gets_a_response() -> None:
    def fails(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        raise LookupError

    def cannot(_environ: Environ) -> int:
        raise LookupError

    async def run() -> None:
        assert (await ask(server(fails), scope(method="GET"))).status == 500
        assert (await ask(server(largest_body=cannot), scope(length=1), b"a")).status == 500

    asyncio.run(run())


def test_concurrent_requests_are_limited_by_the_threads() -> None:
    at_work: list[int] = []
    now, lock, both = [0], threading.Lock(), threading.Barrier(2)

    def counts(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            now[0] += 1
            at_work.append(now[0])
        both.wait(WITHIN)
        with lock:
            now[0] -= 1
        start("200 OK", [])
        return [b""]

    async def run() -> None:
        tried = server(counts, threads=2)
        answers = await asyncio.gather(*(ask(tried, scope(method="GET")) for _ in range(8)))
        assert {answer.status for answer in answers} == {200}

    asyncio.run(run())
    assert max(at_work) == 2


@pytest.mark.django_db(transaction=True)
def test_connection_is_reused_by_the_next_thread() -> None:
    lending, connections_used = ConnectionPool(), []

    def use() -> None:
        with lending.lent(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            connections_used.append(connections["default"].connection)

    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:  # a new one each time
            thread.submit(use).result(WITHIN)
            assert thread.submit(lambda: connections.all(initialized_only=True)).result(WITHIN) == []
    assert connections_used[0] is not None
    assert connections_used == [connections_used[0]] * 3
    for lent_connection in lending._kept[0]:
        lent_connection.close()


class Answer(list[bytes]):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_response_is_closed() -> None:
    answer = Answer([b"a", b"b"])

    def answers(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return answer

    assert ask_app(answers, {})[2] == b"ab"
    assert answer.closed


def test_scope_becomes_a_wsgi_environ() -> None:
    """PEP 3333: texts are bytes read as Latin-1; repeated headers are joined, cookies with semicolons (RFC 9113
    §8.2.3)."""
    headers = [("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2"), ("content-type", "text/plain")]
    environ = environ_of(
        scope(
            length=3,
            headers=headers,
            path="/产品",
            query_string="q=a",
            client="[2001:db8::1]:4711",
            server="[::1]:8000",
        )
    )
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/产品"
    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("1,2", "a=1;b=2")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "3")
    assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("2001:db8::1", "::1", "8000")
    assert environ["HTTP_HOST"] == "localhost"
    assert ask_app(echo, environ)[2] == b"came: "
