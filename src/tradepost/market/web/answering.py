"""Threads that ask Django about requests that are there, and their database connections.

Nothing in here waits for somebody's bytes: an answer is one piece, which the server sends by itself, however slowly it is
read. Otherwise five connections that begin a form and never end it would stop a market.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .fair_queue import FairQueue

type Environ = dict[str, Any]
type Headers = list[tuple[str, str]]
type App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
type Job = Callable[[], None]


class Threads:
    """``number`` threads that work for clients in turn, ``of_one`` of them for the same client at most."""

    def __init__(self, number: int, *, name: str, of_one: int | None = None) -> None:
        self._queue: FairQueue[Job] = FairQueue(at_once=of_one or number)
        self._changed = threading.Condition()
        for _ in range(number):
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def do(self, job: Job, client: str = "") -> None:
        """``job`` must not raise."""
        with self._changed:
            self._queue.put(client, job)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while (taken := self._queue.take()) is None:
                    self._changed.wait()
            client, job = taken
            job()
            del job, taken  # with the request, which would stay until the next one
            with self._changed:
                self._queue.finished(client)
                self._changed.notify()


class LentConnections:
    """Database connections that belong to nobody and are lent, the last ones first.

    Django keeps connections by thread. Here the thread that begins a request gets what was used before it, and gives it
    back: as many are open as requests were ever worked on at once, and the one that is warm is used.
    """

    def __init__(self) -> None:
        self._kept: list[list[BaseDatabaseWrapper]] = []

    @contextmanager
    def lent(self) -> Iterator[None]:
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


def ask(app: App, environ: Environ) -> tuple[str, Headers, bytes]:
    """What a WSGI application answers, whole: its status line, headers and content."""
    head: list[Any] = []

    def start(status: str, headers: Headers, exc_info: object = None) -> None:
        del exc_info  # nothing was sent yet, so another head takes the place of the first
        head[:] = [status, headers]

    answer = app(environ, start)
    try:
        content = b"".join(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    return head[0], head[1], content
