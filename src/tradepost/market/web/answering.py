"""Threads that pass complete requests to Django, and lend them database connections.

These threads never wait for a client's bytes: the server sends each response asynchronously. Otherwise five clients
that start an upload and never finish it could block the market.
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
    """A pool of ``number`` threads that serves clients in turn, with at most ``of_one`` threads for the same client."""

    def __init__(self, number: int, *, name: str, of_one: int | None = None) -> None:
        self._queue: FairQueue[Job] = FairQueue(at_once=of_one or number)
        self._changed = threading.Condition()
        for _ in range(number):
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def do(self, job: Job, client: str = "") -> None:
        """Queue a job. ``job`` must not raise."""
        with self._changed:
            self._queue.put(client, job)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while (item := self._queue.take()) is None:
                    self._changed.wait()
            client, job = item
            job()
            del job, item  # release the request now; the variables would keep it until the next job
            with self._changed:
                self._queue.finished(client)
                self._changed.notify()


class ConnectionPool:
    """A pool of database connections that are lent to threads, most recently used first.

    Django keeps connections per thread. Here a thread borrows connections for one request and returns them. The pool
    never grows beyond the highest number of concurrent requests, and recently used connections are preferred.
    """

    def __init__(self) -> None:
        self._kept: list[list[BaseDatabaseWrapper]] = []

    @contextmanager
    def lent(self) -> Iterator[None]:
        try:
            lent_connections = self._kept.pop()
        except IndexError:
            lent_connections = []
        for connection in lent_connections:
            connections[connection.alias] = connection
        try:
            yield
        finally:
            used_connections = list(connections.all(initialized_only=True))
            for connection in used_connections:
                if not connection.allow_thread_sharing:
                    connection.inc_thread_sharing()  # used by one thread at a time, but not always the same one
                del connections[connection.alias]
            self._kept.append(used_connections)


def call_app(app: App, environ: Environ) -> tuple[str, Headers, bytes]:
    """Call a WSGI application and return its status line, headers and complete body."""
    head: list[Any] = []

    def start(status: str, headers: Headers, exc_info: object = None) -> None:
        del exc_info  # nothing is sent yet, so a second call replaces the status and headers
        head[:] = [status, headers]

    response = app(environ, start)
    try:
        content = b"".join(response)
    finally:
        if close := getattr(response, "close", None):
            close()
    return head[0], head[1], content
