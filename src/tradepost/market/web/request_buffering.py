"""Between the web server and Django: a request is worked on once it is there, and its answer is handed over whole.

A thread that waits for somebody's bytes cannot be called back. So a request gets one of the few slots to be worked on in once
its body is there, and leaves it before its answer is sent: an answer is one piece, which the server sends by itself,
however slowly it is read. Threads are many and hold nothing; database connections belong to the slots. Otherwise five
connections that begin a form and never end it would stop a market.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from queue import SimpleQueue
from typing import Any

import structlog
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .writers import Writers

log = structlog.get_logger("tradepost.access")

type Environ = dict[str, Any]
type Headers = list[tuple[str, str]]
type App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

THREADS = "TRADEPOST_WEB_THREADS"
"""Environment variable by which ``tradepost serve`` tells its workers how many."""
ARRIVING = 200
"""Bodies that may be on their way at a time; while there are more, who comes with another is told to come again."""
LARGEST_CALL = 12 * 1024 * 1024
"""Bytes in a call of an open API: the gateway's limit (openapi-jointkit §C.2)."""
COME_AGAIN = ("Retry-After", "5")


AT_ONCE = 16
"""Requests that a process works on at a time: its one core is busy while most of them wait for the database. With five, which
two cores would suggest, a query of the open API costs a tenth more, since the processes wait for each other (measured)."""


def threads_for(stated: str | None) -> int:
    """As many as are stated; else sixteen."""
    return int(stated or 0) or AT_ONCE


class Slots:
    """Slots in which requests are worked on, ``number`` at a time, whatever thread they came in.

    Django keeps connections by thread. Here the thread that gets a slot gets the connections that were used there, the
    last ones first, and gives them back: as many are open as requests were ever worked on at once. Handing the request
    to a thread of its own instead, with its connections, costs a fifth of the order query's speed.
    """

    def __init__(self, number: int) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self._kept: list[list[BaseDatabaseWrapper]] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        self._free.get()
        try:
            try:
                lent = self._kept.pop()
            except IndexError:
                lent = []
            for connection in lent:
                connections[connection.alias] = connection
            try:
                yield
            finally:
                used = list(connections.all(initialized_only=True))
                for connection in used:
                    if not connection.allow_thread_sharing:
                        connection.inc_thread_sharing()  # one thread at a time, but not always the same
                    del connections[connection.alias]
                self._kept.append(used)
        finally:
            self._free.put(None)


class RequestBuffering:
    """The WSGI application ``app``, asked ``threads`` times at once. ``largest_form``: bytes sent to a page, all told;
    ``largest_call``: those that the open API of a request takes, 0 where there is none: then no body is read. ``writers``:
    the places of those among them that may write; as many as all when none are given."""

    def __init__(
        self,
        app: App,
        *,
        threads: int,
        largest_form: int,
        largest_call: Callable[[Environ], int] = lambda _environ: LARGEST_CALL,
        arriving: int = ARRIVING,
        writers: Writers | None = None,
    ) -> None:
        self._app = app
        self._largest_form = largest_form
        self._largest_call = largest_call
        self._slots = Slots(threads)
        self._writers = writers or Writers(threads)
        self._arriving = threading.BoundedSemaphore(arriving)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        refused = self._receive(environ) if _has_body(environ) else None
        if refused is not None:
            log.info("refused unread", status=int(refused), path=environ.get("PATH_INFO"))
            later = [COME_AGAIN] if refused is HTTPStatus.SERVICE_UNAVAILABLE else []
            start_response(f"{refused:d} {refused.phrase}", [("Content-Length", "0"), *later])
            return [b""]
        with self._writers.place(environ), self._slots.one():
            status, headers, content = self._answer(environ)
        start_response(status, headers)
        return [content]

    def _receive(self, environ: Environ) -> HTTPStatus | None:
        """Wait for the body and put it in its place; gives the status of a refusal."""
        is_call = str(environ.get("PATH_INFO", "")).startswith("/api/")
        largest = self._largest_call(environ) if is_call else self._largest_form
        stated = str(environ.get("CONTENT_LENGTH") or "")
        length = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 16 else None
        source, environ["wsgi.input"] = environ["wsgi.input"], BytesIO()
        if not largest or (length is not None and length > largest):  # the open APIs say so in words of their own
            return None if is_call else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if not self._arriving.acquire(blocking=False):
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            body = source.read(largest + 1 if length is None else length)
        except OSError:
            return HTTPStatus.BAD_REQUEST
        finally:
            self._arriving.release()
        if length is not None and len(body) < length:  # half a form says something else
            return HTTPStatus.BAD_REQUEST
        environ["wsgi.input"] = BytesIO(body)
        return None

    def _answer(self, environ: Environ) -> tuple[str, Headers, bytes]:
        head: list[Any] = []

        def start(status: str, headers: Headers, exc_info: object = None) -> None:
            del exc_info  # nothing was sent yet, so another head takes the place of the first
            head[:] = [status, headers]

        answer = self._app(environ, start)
        try:
            content = b"".join(answer)
        finally:
            if close := getattr(answer, "close", None):
                close()
        return head[0], head[1], content


def _has_body(environ: Environ) -> bool:
    return environ.get("CONTENT_LENGTH") not in {None, "", "0"} or "HTTP_TRANSFER_ENCODING" in environ
