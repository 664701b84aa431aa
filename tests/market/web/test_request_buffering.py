"""Who sends slowly, too much or half of it keeps nobody waiting and fills no disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, connections

from tradepost.market.web.request_buffering import LARGEST_CALL, Environ, RequestBuffering

WITHIN = 30


class Slow:
    """A body that comes once it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def read(self, _size: int = -1) -> bytes:
        self.asked.set()
        assert self.let.wait(WITHIN)
        return b"a=b"


class Untouched:
    def read(self, _size: int = -1) -> bytes:
        raise AssertionError("this body is not to be read")


class Gone:
    def read(self, _size: int = -1) -> bytes:
        raise OSError("the other end is gone")


class Answer(list[bytes]):
    closed = False

    def close(self) -> None:
        self.closed = True


def echo(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    yield b"came: "
    yield environ["wsgi.input"].read()


def ask(
    app: RequestBuffering, *, body: object = b"", length: str | None = None, path: str = "/", **more: str
) -> tuple[str, Any]:
    """Status line with its headers beyond the type, and the content."""
    told: list[Any] = []
    source = BytesIO(body) if isinstance(body, bytes) else body
    stated = length if length is not None else str(len(body)) if isinstance(body, bytes) else "3"
    environ = {"PATH_INFO": path, "CONTENT_LENGTH": stated, "wsgi.input": source, **more}
    content = app(environ, lambda status, headers: told.extend([status, headers]))
    assert len(content) == 1, "one piece, which no thread of ours has to hand over bit by bit"
    return told[0], (dict(told[1]), content[0])


def app(**more: Any) -> RequestBuffering:
    return RequestBuffering(echo, threads=1, largest_form=10, **more)


def test_bodies_that_do_not_come_hold_up_nobody_but_the_next_of_their_kind() -> None:
    tried, slow = app(arriving=2), [Slow(), Slow()]
    with ThreadPoolExecutor(2) as server:
        waiting: list[Future[Any]] = [server.submit(ask, tried, body=body) for body in slow]
        assert all(body.asked.wait(WITHIN) for body in slow)
        assert ask(tried) == ("200 OK", ({"Content-Type": "text/plain"}, b"came: "))
        status, (headers, _) = ask(tried, body=Untouched())
        assert (status, headers) == ("503 Service Unavailable", {"Content-Length": "0", "Retry-After": "5"})
        for body in slow:
            body.let.set()
        assert [done.result(WITHIN)[1][1] for done in waiting] == [b"came: a=b"] * 2
    assert ask(tried, body=b"c=d")[1][1] == b"came: c=d", "their places are free again"


def test_no_more_are_worked_on_at_once_than_there_are_slots() -> None:
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

    tried = RequestBuffering(counts, threads=2, largest_form=1)
    with ThreadPoolExecutor(8) as server:
        assert [done[0] for done in server.map(lambda _: ask(tried), range(8))] == ["200 OK"] * 8
    assert max(at_work) == 2


@pytest.mark.django_db(transaction=True)
def test_a_place_keeps_its_connection_for_the_next_thread_that_gets_it() -> None:
    def looks(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        seen.append(connections["default"].connection)
        start("200 OK", [])
        return [b""]

    seen: list[object] = []
    tried = RequestBuffering(looks, threads=3, largest_form=1)
    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:  # each time another
            thread.submit(ask, tried).result(WITHIN)
            assert thread.submit(lambda: connections.all(initialized_only=True)).result(WITHIN) == []
    assert seen[0] is not None
    assert seen == [seen[0]] * 3
    for one in tried._slots._kept[0]:
        one.close()


def test_more_than_a_form_can_hold_is_not_read() -> None:
    status, (headers, content) = ask(app(), body=Untouched(), length="11")
    assert (status, headers, content) == ("413 Content Too Large", {"Content-Length": "0"}, b"")
    assert ask(app(), body=b"0123456789")[1][1] == b"came: 0123456789"


def test_more_than_an_api_takes_is_not_read_and_the_api_says_so_itself() -> None:
    assert ask(app(), body=Untouched(), length=str(LARGEST_CALL + 1), path="/api/x")[1][1] == b"came: "
    assert ask(app(), body=b"x" * 100, path="/api/x")[1][1] == b"came: " + b"x" * 100


def test_a_body_in_chunks_is_read_to_its_end_and_no_further_than_the_limit() -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask(app(), body=b"x" * 100, length="", path="/api/x", **chunked)[1][1] == b"came: " + b"x" * 100
    assert ask(app(), body=b"x" * 100, length="", **chunked)[1][1] == b"came: " + b"x" * 11


@pytest.mark.parametrize("body", [BytesIO(b"a=1"), Gone()], ids=["half of it", "gone"])
def test_half_a_form_is_no_form(body: object) -> None:
    assert ask(app(), body=body, length="6")[0] == "400 Bad Request"


def test_an_answer_is_closed_and_a_failure_is_the_callers() -> None:
    answer = Answer([b"a", b"b"])

    def answers(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return answer

    def fails(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        raise LookupError

    assert ask(RequestBuffering(answers, threads=1, largest_form=1))[1][1] == b"ab"
    assert answer.closed
    with pytest.raises(LookupError):
        ask(RequestBuffering(fails, threads=1, largest_form=1))


@pytest.mark.parametrize("stated", ["3", "", "5000"])
def test_a_body_that_no_api_takes_is_not_received(stated: str) -> None:
    """Unknown path or method: the answer is known, whatever would come."""
    tried = app(largest_call=lambda _environ: 0)
    chunked = {} if stated else {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask(tried, body=Untouched(), length=stated, path="/api/x", **chunked)[1][1] == b"came: "


def test_each_api_says_how_much_it_takes() -> None:
    tried = app(largest_call=lambda environ: 4 if environ["PATH_INFO"] == "/api/small" else 6)
    assert ask(tried, body=b"12345", path="/api/large")[1][1] == b"came: 12345"
    assert ask(tried, body=Untouched(), length="5", path="/api/small")[1][1] == b"came: "
