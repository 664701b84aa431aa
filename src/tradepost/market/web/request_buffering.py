"""Between the web server and Django: bodies are awaited by an event loop, requests that are there are answered by threads.

A thread that waits for somebody's bytes cannot be called back; a coroutine can. So Granian hands requests over by its own
interface (RSGI), the loop receives bodies within a deadline (``arriving``), and one of a few threads asks Django about a
request once it is whole (``answering``). Nothing is received that the head of the request already decides. Clients are
served in turn (``fair_queue``).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol

import structlog

from . import transfer
from .answering import App, Environ, Headers, LentConnections, Threads, ask
from .arriving import QUICK, Arrival, Arrivals
from .by_the_head import ByTheHead
from .connections import LARGEST_HEAD
from .environs import HEAD, environ_of, has_body, stated_length
from .in_pieces import Pieces, piece_of
from .programs import is_call
from .sending_files import file_of, part_of, without_file
from .writers import HASHING_AT_ONCE, READING, TURNED_AWAY, WAIT, Places

log = structlog.get_logger("tradepost.access")

THREADS = "TRADEPOST_WEB_THREADS"
"""Environment variable by which ``tradepost serve`` tells its workers how many."""
AT_ONCE = 16
"""Requests that a process works on at a time: its one core is busy while most of them wait for the database. With five, which
two cores would suggest, a query of the open API costs a tenth more, since the processes wait for each other (measured)."""
AT_ONCE_OF_ONE = 4
"""Of these, for one client: with twice as many, pages of others take twice as long beside its requests (decision 0081)."""
UNANSWERED_OF_ONE = 256
"""Requests of one client that a process holds, in a thread or waiting for one; further ones are refused."""
CALL_TRIES = 6
"""How often a program's call waits for a place to write, ``writers.WAIT`` seconds each time. A seller that pushes the usage of
many services in parallel gets its answers in turn, not an error (openapi-jointkit §C.5)."""
FROM_ANYBODY = 64 * 1024
"""Bytes of a call's body that are received before anybody looked who calls."""
FORM_FROM_ANYBODY = 1024 * 1024
"""The same of a page's: what is more is a file, which only somebody who is logged in may send."""
COME_AGAIN = ("Retry-After", "5")
LANE = "tradepost.lane"
"""Key of the client in whose turn a request is answered."""


def threads_for(stated: str | None) -> int:
    """As many as are stated; else sixteen."""
    return int(stated or 0) or AT_ONCE


class Exchange(Protocol):
    """Granian's side of a request, of RSGI's HTTPProtocol: its body in pieces, and where its answer goes."""

    def __aiter__(self) -> Any: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_file(self, status: int, headers: Headers, file: str) -> None: ...
    def response_file_range(self, status: int, headers: Headers, file: str, start: int, end: int) -> None: ...


class RequestBuffering:
    """The RSGI application around the WSGI application ``app``, which is asked by ``threads`` threads, ``writers`` of them
    about requests that may write."""

    def __init__(
        self, app: App, *, threads: int, writers: int, by_the_head: ByTheHead, arrivals: Arrivals | None = None
    ) -> None:
        self._app = app
        self._by = by_the_head
        self._number = threads
        self._connections = LentConnections()
        self._writing = Places(writers, wait=WAIT, of_one=AT_ONCE_OF_ONE - 1)  # its last thread is for its own pages
        self._hashing = Places(HASHING_AT_ONCE, wait=WAIT)
        self._arrivals = arrivals or Arrivals()
        self._transferring = transfer.Places()
        self._receiving: set[asyncio.Task[None]] = set()
        self._unanswered: Counter[str] = Counter()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = Threads(self._number, name="request", of_one=min(AT_ONCE_OF_ONE, self._number))
        self._disk = Threads(transfer.THREADS, name="transfer")

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        answered = self._loop.create_future()
        environ = self._by.lead(environ_of(scope))
        lane = environ[LANE] = self._by.lane(environ)
        if environ[HEAD] > LARGEST_HEAD:
            self._refuse(environ, exchange, answered, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._unanswered[lane] >= UNANSWERED_OF_ONE:
            self._refuse(environ, exchange, answered, HTTPStatus.TOO_MANY_REQUESTS)
        else:
            self._unanswered[lane] += 1
            answered.add_done_callback(lambda _: self._left(lane))
            self._take(environ, exchange, answered)
        await answered

    def _take(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        if environ["REQUEST_METHOD"] not in READING or has_body(environ):
            receiving = self._loop.create_task(self._receive(environ, exchange, answered))
            self._receiving.add(receiving)  # the loop itself keeps only a weak reference
            receiving.add_done_callback(self._receiving.discard)
        else:
            self._threads.do(partial(self._answer, environ, exchange, answered), environ[LANE])

    def _left(self, lane: str) -> None:
        self._unanswered[lane] -= 1
        if not self._unanswered[lane]:
            del self._unanswered[lane]

    async def _receive(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        refused: HTTPStatus | None = None
        try:
            if has_body(environ) and (begin := self._by.transfer(environ)):
                await self._receive_to_disk(environ, exchange, answered, begin)
                return
            if has_body(environ) and (size := self._by.piece(environ)):
                await self._receive_in_pieces(environ, exchange, answered, size)
                return
            if has_body(environ):
                refused = await self._await_body(environ, exchange, answered)
        except Exception:
            log.exception("request not received", path=environ["PATH_INFO"])
            refused = HTTPStatus.INTERNAL_SERVER_ERROR
        if refused is None:
            self._pass_on(environ, exchange, answered)
            return
        self._refuse(environ, exchange, answered, refused)

    def _refuse(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None], refused: HTTPStatus
    ) -> None:
        log.info("refused unread", status=int(refused), path=environ["PATH_INFO"], client=self._by.client(environ))
        # What is still to come of this request would be taken for the next one.
        words, said = self._words(environ, refused)
        head = [*words, ("Content-Length", str(len(said))), ("Connection", "close")]
        if refused in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            head.append(COME_AGAIN)
        exchange.response_bytes(refused, head, said)
        answered.set_result(None)

    async def _receive_to_disk(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None], begin: transfer.Begin
    ) -> None:
        """Django hears of it when all of it is there, or when it is certain that it will not be."""
        client = self._by.client(environ)
        if self._transferring.take(client):
            try:
                status, headers, body = await self._transferred(environ, exchange, begin)
            finally:
                self._transferring.leave(client)
        else:
            status, headers, body = str(int(HTTPStatus.SERVICE_UNAVAILABLE)), [("Content-Length", "0"), COME_AGAIN], b""
        came: transfer.Transfer | None = environ.get(transfer.TRANSFER)
        if came is None or came.ended is not transfer.Ended.WHOLE:
            headers = [*headers, ("Connection", "close")]
            log.info("not taken in", status=int(status[:3]), client=client)  # a path may be a capability
        exchange.response_bytes(int(status[:3]), headers, body)
        answered.set_result(None)

    async def _transferred(
        self, environ: Environ, exchange: Exchange, begin: transfer.Begin
    ) -> tuple[str, Headers, bytes]:
        def look() -> None:
            with self._connections.lent():
                environ[transfer.TRANSFER] = begin(environ)

        await self._in_a_place(environ, look)
        if TURNED_AWAY not in environ and environ[transfer.TRANSFER].sink is not None:
            coming = environ[transfer.TRANSFER]
            await transfer.receive(exchange, coming, length=stated_length(environ), work=self._on_disk)
        try:
            return await self._ask_in_turn(environ, tries=transfer.TRIES)
        finally:
            if (came := environ.get(transfer.TRANSFER)) and came.sink is not None:
                await self._on_disk(came.sink.release)

    async def _in_a_place(self, environ: Environ, work: Callable[[], None]) -> None:
        """Done in a thread, unless there was no place; then the request is one that was turned away."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._in_turn(environ, lambda: self._do(self._threads, work, done, environ[LANE]), done)
        await done

    async def _on_disk(self, work: Callable[[], None]) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._do(self._disk, work, done)
        await done

    def _do(self, threads: Threads, work: Callable[[], None], done: asyncio.Future[None], lane: str = "") -> None:
        def job() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # whoever waits for it gets it
                told = partial(done.set_exception, error)
            else:
                told = partial(done.set_result, None)
            with suppress(RuntimeError):  # the server is ending, and its loop with it
                self._loop.call_soon_threadsafe(told)

        threads.do(job, lane)

    def _words(self, environ: Environ, refused: HTTPStatus) -> tuple[Headers, bytes]:
        """Whatever happens, the request gets its status."""
        try:
            return self._by.words(environ, refused)
        except Exception:
            log.exception("no words for a refusal", path=environ["PATH_INFO"])
            return [], b""

    async def _receive_in_pieces(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None], size: int
    ) -> None:
        """Each piece is asked about before the next one is read, so that no more of a body than one is held. What came of
        one that broke off goes on as well. The last answer is the request's."""
        pieces = Pieces(exchange, size, length=stated_length(environ))
        passed, going_on = 0, True
        known = await self._is_caller_known(environ)  # nothing is received from anybody else
        status, headers, body = "500", [("Content-Length", "0")], b""
        while going_on:
            arrived: asyncio.Future[None] = self._loop.create_future()
            try:
                content, refused = await self._next_piece(pieces, environ, arrived) if known else (b"", None)
                one = piece_of(environ, content, passed, whole=pieces.length)
                status, headers, body = await self._ask_in_turn(one)
            finally:
                arrived.set_result(None)
            passed += len(content)
            if refused is not None:
                status, headers, body = str(int(refused)), [("Content-Length", "0")], b""
            going_on = known and pieces.more and status.startswith("204")
        if not pieces.ended:  # what is still to come of this request would be taken for the next one
            headers = [*headers, ("Connection", "close")]
        if not status.startswith("2"):
            log.info("broken off", status=int(status[:3]), passed=passed, client=self._by.client(environ))
        exchange.response_bytes(int(status[:3]), headers, body)
        answered.set_result(None)

    async def _next_piece(
        self, pieces: Pieces, environ: Environ, arrived: asyncio.Future[None]
    ) -> tuple[bytes, HTTPStatus | None]:
        """What came of the next piece, and why not all of it did. ``arrived`` ends what it holds of memory."""
        limit = asyncio.timeout(None)
        arrival = self._arrivals.begin(
            self._by.client(environ), now=self._loop.time(), send_away=lambda: limit.reschedule(self._loop.time())
        )
        arrived.add_done_callback(lambda _: self._arrivals.end(arrival))
        self._loop.call_later(QUICK, self._arrivals.is_slow, arrival)
        try:
            async with limit:
                limit.reschedule(arrival.until)
                async for number in pieces.fill():
                    self._arrivals.came(arrival, number)
                    if not arrival.was_sent_away:
                        limit.reschedule(arrival.until)
        except TimeoutError:
            away = HTTPStatus.SERVICE_UNAVAILABLE if arrival.was_sent_away else HTTPStatus.REQUEST_TIMEOUT
            return pieces.take(), away
        if arrival.was_sent_away:
            return pieces.take(), HTTPStatus.SERVICE_UNAVAILABLE
        self._arrivals.is_whole(arrival)
        return pieces.take(), None

    async def _ask_in_turn(self, environ: Environ, *, tries: int = 1) -> tuple[str, Headers, bytes]:
        """The answer to a request that is there, once it got its place among the writers, for which it waits so often."""
        told: asyncio.Future[tuple[str, Headers, bytes]] = self._loop.create_future()

        def look() -> None:
            answer = self._asked(environ)
            self._loop.call_soon_threadsafe(told.set_result, answer)

        self._in_turn(environ, lambda: self._threads.do(look, environ[LANE]), told, tries=tries)
        return await told

    async def _await_body(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]
    ) -> HTTPStatus | None:
        """Put the body in its place, if it is to be received at all. Gives the status of a refusal."""
        call = is_call(environ["PATH_INFO"])
        largest, length = self._by.largest_body(environ), stated_length(environ)
        if not largest or (length is not None and length > largest):  # the open APIs say so in words of their own
            return None if call or not largest else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        from_anybody = FROM_ANYBODY if call else FORM_FROM_ANYBODY
        asks_who = (call or largest > from_anybody) and (length is None or length > from_anybody)
        if asks_who and not await self._is_caller_known(environ):
            return None
        limit = asyncio.timeout(None)
        arrival = self._arrivals.begin(
            self._by.client(environ), now=self._loop.time(), send_away=lambda: limit.reschedule(self._loop.time())
        )
        answered.add_done_callback(lambda _: self._arrivals.end(arrival))
        self._loop.call_later(QUICK, self._arrivals.is_slow, arrival)
        try:
            async with limit:
                body = await self._read(exchange, arrival, limit, most=largest + 1 if length is None else length)
        except TimeoutError:
            return HTTPStatus.SERVICE_UNAVAILABLE if arrival.was_sent_away else HTTPStatus.REQUEST_TIMEOUT
        if length is not None and len(body) < length:  # half a form says something else
            return HTTPStatus.BAD_REQUEST
        if len(body) > largest and not call:  # in chunks: the rest of it was not read
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        environ["wsgi.input"] = BytesIO(body)
        return None

    async def _read(self, exchange: Exchange, arrival: Arrival, limit: asyncio.Timeout, *, most: int) -> bytes:
        pieces: list[bytes] = []
        limit.reschedule(arrival.until)
        async for piece in exchange:
            pieces.append(piece)
            self._arrivals.came(arrival, len(piece))
            if arrival.bytes >= most:
                break
            if not arrival.was_sent_away:
                limit.reschedule(arrival.until)
        if arrival.was_sent_away:
            raise TimeoutError
        self._arrivals.is_whole(arrival)
        return b"".join(pieces)[:most]

    async def _is_caller_known(self, environ: Environ) -> bool:
        told: asyncio.Future[bool] = self._loop.create_future()

        def look() -> None:
            known = False
            try:
                with self._connections.lent():
                    known = self._by.is_caller_known(environ)
            except Exception:  # the request itself meets the same fault, and answers it
                log.warning("caller not looked up", exc_info=True)
            self._loop.call_soon_threadsafe(told.set_result, known)

        self._threads.do(look, environ[LANE])
        return await told

    def _pass_on(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        """To a thread, once there is a place for a request of its kind."""
        answer = partial(self._answer, environ, exchange, answered)
        tries = CALL_TRIES if is_call(environ["PATH_INFO"]) else 1
        self._in_turn(environ, lambda: self._threads.do(answer, environ[LANE]), answered, tries=tries)

    def _in_turn(
        self, environ: Environ, begin: Callable[[], None], ended: asyncio.Future[Any], *, tries: int = 1
    ) -> None:
        """Calls ``begin`` once there is a place for a request of its kind, which ``ended`` gives back."""
        if environ["REQUEST_METHOD"] in READING:
            begin()
            return
        places = self._hashing if self._by.hashes_password(environ) else self._writing

        def with_place() -> None:
            ended.add_done_callback(lambda _: places.leave(environ[LANE]))
            begin()

        def turned_away() -> None:
            if tries > 1:
                self._in_turn(environ, begin, ended, tries=tries - 1)
                return
            environ[TURNED_AWAY] = True
            begin()

        places.take(environ[LANE], with_place, turned_away)

    def _asked(self, environ: Environ) -> tuple[str, Headers, bytes]:
        """In a thread: what Django answers."""
        try:
            with self._connections.lent():
                answer = ask(self._app, environ)
                self._by.answered(environ)
        except Exception:
            log.exception("request failed", path=environ["PATH_INFO"])
            return "500", [("Content-Length", "0")], b""
        else:
            return answer
        finally:
            # Django's request is part of a cycle, so its body would stay until the next full collection.
            environ["wsgi.input"].close()

    def _answer(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        """In a thread: ask Django, and give its answer to the server."""
        status, headers, content = self._asked(environ)
        if file := file_of(headers):
            part = part_of(headers)
            if part is not None:
                exchange.response_file_range(int(status[:3]), without_file(headers), file, *part)
            else:
                exchange.response_file(int(status[:3]), without_file(headers), file)
        else:
            exchange.response_bytes(int(status[:3]), headers, content)
        with suppress(RuntimeError):  # the server is ending, and its loop with it; the answer is on its way
            self._loop.call_soon_threadsafe(answered.set_result, None)
