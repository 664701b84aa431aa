"""Connects the web server to Django: an event loop receives bodies, threads answer complete requests.

A thread that waits for a client's bytes cannot be interrupted; a coroutine can. Granian therefore passes requests
through its own interface (RSGI). The loop receives bodies within a deadline (``arriving``), and one of a few threads
passes each complete request to Django (``answering``). A body is not received if the request's head already decides the
response. Clients are served in turn (``fair_queue``).
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
from .answering import App, ConnectionPool, Environ, Headers, Threads, call_app
from .arriving import QUICK, Arrival, Arrivals
from .by_the_head import RequestRules
from .connections import MAX_HEAD_BYTES
from .environs import HEAD, environ_of, has_body, stated_length
from .in_pieces import Pieces, piece_of
from .programs import is_call
from .sending_files import file_of, part_of, without_file
from .writers import MAX_CONCURRENT_HASHES, SAFE_METHODS, SLOT_REFUSED, SLOT_TIMEOUT, Slots

log = structlog.get_logger("tradepost.access")

THREADS = "TRADEPOST_WEB_THREADS"
"""Environment variable through which ``tradepost serve`` sets the number of threads of its processes."""
MAX_CONCURRENT = 16
"""Concurrent requests of a process. With five threads, a query of the open API takes 10 % longer (measured)."""
MAX_CONCURRENT_PER_CLIENT = 4
"""Concurrent requests of one client. With eight, pages of other clients take twice as long (decision 0081)."""
MAX_UNANSWERED_PER_CLIENT = 256
"""Requests of one client that a process keeps, running or queued; further requests are refused."""
CALL_TRIES = 6
"""How often a call of a program waits ``writers.SLOT_TIMEOUT`` for a write slot, so that a seller that reports usage
in parallel gets its responses in turn, not an error (openapi-jointkit §C.5)."""
MAX_CALL_FROM_UNKNOWN = 64 * 1024
"""Maximum bytes of a call's body that are received before its sender is known."""
MAX_FORM_FROM_UNKNOWN = 1024 * 1024
"""The same limit for a page. A larger body contains a file, which requires a signed-in user."""
RETRY_AFTER = ("Retry-After", "5")
LANE = "tradepost.lane"
"""Key of the client in whose queue a request waits."""


def threads_for(stated: str | None) -> int:
    """Return the configured number of threads, otherwise the default."""
    return int(stated or 0) or MAX_CONCURRENT


class Exchange(Protocol):
    """Granian's side of a request (RSGI's HTTPProtocol): the body in pieces, and methods to respond."""

    def __aiter__(self) -> Any: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_file(self, status: int, headers: Headers, file: str) -> None: ...
    def response_file_range(self, status: int, headers: Headers, file: str, start: int, end: int) -> None: ...


class RequestBuffering:
    """RSGI application for ``app``. ``threads``: threads that call it; ``writers``: maximum of them that may write."""

    def __init__(
        self, app: App, *, threads: int, writers: int, by_the_head: RequestRules, arrivals: Arrivals | None = None
    ) -> None:
        self._app = app
        self._by = by_the_head
        self._number = threads
        self._connections = ConnectionPool()
        # one thread is left for the client's own pages
        self._writing = Slots(writers, wait=SLOT_TIMEOUT, of_one=MAX_CONCURRENT_PER_CLIENT - 1)
        self._hashing = Slots(MAX_CONCURRENT_HASHES, wait=SLOT_TIMEOUT)
        self._arrivals = arrivals or Arrivals()
        self._transferring = transfer.TransferCounter()
        self._receiving: set[asyncio.Task[None]] = set()
        self._unanswered: Counter[str] = Counter()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = Threads(self._number, name="request", of_one=min(MAX_CONCURRENT_PER_CLIENT, self._number))
        self._disk = Threads(transfer.THREADS, name="transfer")

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        answered = self._loop.create_future()
        environ = self._by.lead(environ_of(scope))
        lane = environ[LANE] = self._by.lane(environ)
        if environ[HEAD] > MAX_HEAD_BYTES:
            self._refuse(environ, exchange, answered, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._unanswered[lane] >= MAX_UNANSWERED_PER_CLIENT:
            self._refuse(environ, exchange, answered, HTTPStatus.TOO_MANY_REQUESTS)
        else:
            self._unanswered[lane] += 1
            answered.add_done_callback(lambda _: self._count_answered(lane))
            self._take(environ, exchange, answered)
        await answered

    def _take(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        if environ["REQUEST_METHOD"] not in SAFE_METHODS or has_body(environ):
            receiving = self._loop.create_task(self._receive(environ, exchange, answered))
            self._receiving.add(receiving)  # the loop itself keeps only a weak reference
            receiving.add_done_callback(self._receiving.discard)
        else:
            self._threads.do(partial(self._answer, environ, exchange, answered), environ[LANE])

    def _count_answered(self, lane: str) -> None:
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
        # Unread bytes of this request would be taken for the next one.
        words, body = self._words(environ, refused)
        head = [*words, ("Content-Length", str(len(body))), ("Connection", "close")]
        if refused in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            head.append(RETRY_AFTER)
        exchange.response_bytes(refused, head, body)
        answered.set_result(None)

    async def _receive_to_disk(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None], begin: transfer.Begin
    ) -> None:
        """Stream the body to disk. Django gets the request when the body is complete or has failed."""
        client = self._by.client(environ)
        if self._transferring.take(client):
            try:
                status, headers, body = await self._transferred(environ, exchange, begin)
            finally:
                self._transferring.leave(client)
        else:
            status, headers, body = (
                str(int(HTTPStatus.SERVICE_UNAVAILABLE)),
                [("Content-Length", "0"), RETRY_AFTER],
                b"",
            )
        received: transfer.Transfer | None = environ.get(transfer.TRANSFER)
        if received is None or received.ended is not transfer.TransferEnd.WHOLE:
            headers = [*headers, ("Connection", "close")]
            log.info("not taken in", status=int(status[:3]), client=client)  # a path may contain a secret
        exchange.response_bytes(int(status[:3]), headers, body)
        answered.set_result(None)

    async def _transferred(
        self, environ: Environ, exchange: Exchange, begin: transfer.Begin
    ) -> tuple[str, Headers, bytes]:
        def look() -> None:
            with self._connections.lent():
                environ[transfer.TRANSFER] = begin(environ)

        await self._with_slot(environ, look)
        if SLOT_REFUSED not in environ and environ[transfer.TRANSFER].sink is not None:
            incoming_transfer = environ[transfer.TRANSFER]
            await transfer.receive(exchange, incoming_transfer, length=stated_length(environ), work=self._on_disk)
        try:
            return await self._respond_when_free(environ, tries=transfer.TRIES)
        finally:
            if (received := environ.get(transfer.TRANSFER)) and received.sink is not None:
                await self._on_disk(received.sink.release)

    async def _with_slot(self, environ: Environ, work: Callable[[], None]) -> None:
        """Run the work in a thread, with a write slot. Without a free slot, the request is marked as turned away."""
        completion: asyncio.Future[None] = self._loop.create_future()
        self._when_free(environ, lambda: self._do(self._threads, work, completion, environ[LANE]), completion)
        await completion

    async def _on_disk(self, work: Callable[[], None]) -> None:
        completion: asyncio.Future[None] = self._loop.create_future()
        self._do(self._disk, work, completion)
        await completion

    def _do(self, threads: Threads, work: Callable[[], None], completion: asyncio.Future[None], lane: str = "") -> None:
        def job() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # passed to the waiting coroutine
                report = partial(completion.set_exception, error)
            else:
                report = partial(completion.set_result, None)
            with suppress(RuntimeError):  # the server is ending, and its loop with it
                self._loop.call_soon_threadsafe(report)

        threads.do(job, lane)

    def _words(self, environ: Environ, refused: HTTPStatus) -> tuple[Headers, bytes]:
        """Return the headers and body of a refusal. An error here must not hide the status."""
        try:
            return self._by.words(environ, refused)
        except Exception:
            log.exception("no words for a refusal", path=environ["PATH_INFO"])
            return [], b""

    async def _receive_in_pieces(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None], size: int
    ) -> None:
        """Pass each piece to Django before the next is read, also the rest of an aborted body. Send the last response."""
        pieces = Pieces(exchange, size, length=stated_length(environ))
        passed, continuing = 0, True
        is_known = await self._is_caller_known(environ)  # nothing is received from unknown senders
        status, headers, body = "500", [("Content-Length", "0")], b""
        while continuing:
            arrived: asyncio.Future[None] = self._loop.create_future()
            try:
                content, refused = await self._next_piece(pieces, environ, arrived) if is_known else (b"", None)
                request = piece_of(environ, content, passed, whole=pieces.length)
                status, headers, body = await self._respond_when_free(request)
            finally:
                arrived.set_result(None)
            passed += len(content)
            if refused is not None:
                status, headers, body = str(int(refused)), [("Content-Length", "0")], b""
            continuing = is_known and pieces.more and status.startswith("204")
        if not pieces.ended:  # unread bytes of this request would be taken for the next one
            headers = [*headers, ("Connection", "close")]
        if not status.startswith("2"):
            log.info("broken off", status=int(status[:3]), passed=passed, client=self._by.client(environ))
        exchange.response_bytes(int(status[:3]), headers, body)
        answered.set_result(None)

    async def _next_piece(
        self, pieces: Pieces, environ: Environ, arrived: asyncio.Future[None]
    ) -> tuple[bytes, HTTPStatus | None]:
        """Return the next piece, and the refusal's status if it is incomplete. ``arrived`` frees its share of memory."""
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
            status = HTTPStatus.SERVICE_UNAVAILABLE if arrival.was_sent_away else HTTPStatus.REQUEST_TIMEOUT
            return pieces.take(), status
        if arrival.was_sent_away:
            return pieces.take(), HTTPStatus.SERVICE_UNAVAILABLE
        self._arrivals.is_whole(arrival)
        return pieces.take(), None

    async def _respond_when_free(self, environ: Environ, *, tries: int = 1) -> tuple[str, Headers, bytes]:
        """Return Django's response to a complete request. It waits for a write slot up to ``tries`` times."""
        response: asyncio.Future[tuple[str, Headers, bytes]] = self._loop.create_future()

        def look() -> None:
            answer = self._call_app(environ)
            self._loop.call_soon_threadsafe(response.set_result, answer)

        self._when_free(environ, lambda: self._threads.do(look, environ[LANE]), response, tries=tries)
        return await response

    async def _await_body(
        self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]
    ) -> HTTPStatus | None:
        """Receive the body into the environment if it is needed. Return the status of a refusal, or None."""
        call = is_call(environ["PATH_INFO"])
        largest, length = self._by.largest_body(environ), stated_length(environ)
        if not largest or (length is not None and length > largest):  # the open APIs refuse in their own format
            return None if call or not largest else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        limit_for_unknown = MAX_CALL_FROM_UNKNOWN if call else MAX_FORM_FROM_UNKNOWN
        needs_sender = (call or largest > limit_for_unknown) and (length is None or length > limit_for_unknown)
        if needs_sender and not await self._is_caller_known(environ):
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
        if length is not None and len(body) < length:  # an incomplete form could mean something else
            return HTTPStatus.BAD_REQUEST
        if len(body) > largest and not call:  # chunked: the rest was not read
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
        result: asyncio.Future[bool] = self._loop.create_future()

        def look() -> None:
            is_known = False
            try:
                with self._connections.lent():
                    is_known = self._by.is_caller_known(environ)
            except Exception:  # the request itself fails in the same way and reports it
                log.warning("caller not looked up", exc_info=True)
            self._loop.call_soon_threadsafe(result.set_result, is_known)

        self._threads.do(look, environ[LANE])
        return await result

    def _pass_on(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        """Pass a request to a thread, once there is a slot for its kind."""
        answer = partial(self._answer, environ, exchange, answered)
        tries = CALL_TRIES if is_call(environ["PATH_INFO"]) else 1
        self._when_free(environ, lambda: self._threads.do(answer, environ[LANE]), answered, tries=tries)

    def _when_free(
        self, environ: Environ, begin: Callable[[], None], ended: asyncio.Future[Any], *, tries: int = 1
    ) -> None:
        """Call ``begin`` once there is a slot for the request's kind. The slot is freed when ``ended`` completes."""
        if environ["REQUEST_METHOD"] in SAFE_METHODS:
            begin()
            return
        places = self._hashing if self._by.hashes_password(environ) else self._writing

        def with_place() -> None:
            ended.add_done_callback(lambda _: places.leave(environ[LANE]))
            begin()

        def turned_away() -> None:
            if tries > 1:
                self._when_free(environ, begin, ended, tries=tries - 1)
                return
            environ[SLOT_REFUSED] = True
            begin()

        places.take(environ[LANE], with_place, turned_away)

    def _call_app(self, environ: Environ) -> tuple[str, Headers, bytes]:
        """Return Django's response. Runs in a thread."""
        try:
            with self._connections.lent():
                response = call_app(self._app, environ)
                self._by.answered(environ)
        except Exception:
            log.exception("request failed", path=environ["PATH_INFO"])
            return "500", [("Content-Length", "0")], b""
        else:
            return response
        finally:
            # Django's request is part of a reference cycle, so its body would stay until the next full collection.
            environ["wsgi.input"].close()

    def _answer(self, environ: Environ, exchange: Exchange, answered: asyncio.Future[None]) -> None:
        """Pass the request to Django and the response to the server. Runs in a thread."""
        status, headers, content = self._call_app(environ)
        if file := file_of(headers):
            part = part_of(headers)
            if part is not None:
                exchange.response_file_range(int(status[:3]), without_file(headers), file, *part)
            else:
                exchange.response_file(int(status[:3]), without_file(headers), file)
        else:
            exchange.response_bytes(int(status[:3]), headers, content)
        with suppress(RuntimeError):  # the server is ending, and its loop with it; the response is already sent
            self._loop.call_soon_threadsafe(answered.set_result, None)
