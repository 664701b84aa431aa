"""An HTTP/1.1 client that hides nothing: the answer's raw bytes, header names in their own case, chunks, what came late.

No library shows a body's framing and what follows it, and those are what sellers get wrong.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from urllib.parse import urlsplit

from tradepost.protocols.http import Headers, Request, header

LARGEST = 4 * 1024 * 1024
GRACE = 0.03
"""Seconds after a complete body in which further bytes are still noticed, when the seller keeps the connection."""
SYN_LOST = 0.9
"""Seconds: a connection that took as long was asked for twice."""
_TOTAL_RETRANS, _TCP_INFO = 100, 104
"""Where ``struct tcp_info`` counts them, and where that number ends."""
AGENT = "tradepost-check"
"""Firewalls turn away who gives no name."""
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: .*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came. ``fault`` names a diagnosis when the framing is broken or nothing came; ``problem`` says it in words."""

    raw: bytes = b""
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    after: bytes = b""
    fault: str = ""
    problem: str = ""
    seconds: float = 0
    connecting: float = 0
    """Those of ``seconds`` that passed before there was a connection."""
    resent: int = 0
    """Packets that this machine had to send again: the seller's listening queue was full, or the network lost them."""
    unreachable: bool = False

    @property
    def queued(self) -> bool:
        """Time passed that the seller's program did not have."""
        return self.resent > 0 or self.connecting > SYN_LOST

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


type Dial = Callable[[str, int, float], socket.socket]
"""An open connection to host and port within so many seconds. Raises ``OSError``."""


def dial_anywhere(host: str, port: int, within: float) -> socket.socket:
    return socket.create_connection((host, port), timeout=within)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """``timeout``: seconds for the whole exchange. ``dial``: opens its connections; a market has one that is guarded.
    ``tls``: whose certificates are trusted; None for the authorities of this machine."""

    timeout: float
    trust_any_certificate: bool = False
    dial: Dial = dial_anywhere
    tls: ssl.SSLContext | None = None

    def send(
        self,
        request: Request,
        *,
        pieces: int = 1,
        linger: bool = False,
        hold: Callable[[], object] | None = None,
        within: float = inf,
    ) -> Received:
        """One request on a connection of its own. Never raises for what a server does.

        ``within``: seconds, where less than the timeout is left. The body goes out in ``pieces``. ``linger``: notice what a seller sends after a complete answer. ``hold`` is
        called when all but the last byte has been sent.
        """
        began = time.perf_counter()
        most = min(self.timeout, within)
        until = began + most
        try:
            connection = self.connect(request.url, most)
        except (OSError, ValueError) as error:
            seconds = time.perf_counter() - began
            problem = f"no connection: {words_of(error)}"
            return Received(fault="no_answer", problem=problem, unreachable=True, seconds=seconds, connecting=seconds)
        connecting = time.perf_counter() - began
        with connection:
            received = _exchanged(connection, request, until, pieces=pieces, linger=linger, hold=hold)
            resent = _resent(connection)
        return replace(received, seconds=time.perf_counter() - began, connecting=connecting, resent=resent)

    def connect(self, url: str, timeout: float) -> socket.socket:
        """An open connection, TLS included. Raises ``OSError`` or ``ValueError``."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        connection = self.dial(host, parts.port or (443 if secure else 80), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not secure:
            return connection
        try:
            return self._context().wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise

    def _context(self) -> ssl.SSLContext:
        if self.tls is not None and not self.trust_any_certificate:
            return self.tls
        context = ssl.create_default_context()
        if self.trust_any_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        return context


def _resent(connection: socket.socket) -> int:
    """What Linux counts for a connection; elsewhere nothing is known."""
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
    except (AttributeError, OSError):
        return 0
    return int.from_bytes(info[_TOTAL_RETRANS:_TCP_INFO], sys.byteorder) if len(info) == _TCP_INFO else 0


def _exchanged(
    connection: socket.socket,
    request: Request,
    until: float,
    *,
    pieces: int,
    linger: bool,
    hold: Callable[[], object] | None,
) -> Received:
    head, body = wire_bytes(request), request.body
    try:
        if hold:
            connection.sendall((head + body)[:-1])
            hold()
            connection.sendall((head + body)[-1:])
        else:
            _write(connection, head, body, pieces)
    except OSError as error:
        # A server may answer and close before it has read all; what it said is worth more than the broken pipe.
        early = _read(connection, until, linger=linger)
        return early if early.status else replace(early, problem=f"while sending: {words_of(error)}")
    return _read(connection, until, linger=linger)


def wire_bytes(request: Request, *, keep: bool = False) -> bytes:
    """The head as it goes out. ``keep``: another request follows on the same connection, as HTTP/1.1 has it by default."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.header("User-Agent") is None:
        lines.append(f"User-Agent: {AGENT}")
    if request.body or request.method == "POST":
        lines.append(f"Content-Length: {len(request.body)}")
    if not keep:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def _write(connection: socket.socket, head: bytes, body: bytes, pieces: int) -> None:
    if pieces == 1:
        connection.sendall(head + body)
        return
    connection.sendall(head)
    size = max(1, -(-len(body) // pieces))
    for start in range(0, len(body), size):
        # Long enough that the parts arrive apart, as they do from far away.
        time.sleep(0.02)
        connection.sendall(body[start : start + size])


def _read(connection: socket.socket, until: float, *, linger: bool = False) -> Received:
    raw = bytearray()
    ended = False
    problem = ""
    while len(raw) <= LARGEST:
        parsed = parse(bytes(raw), ended=ended)
        if ended or problem:
            break
        complete = parsed is not None and not parsed.fault
        if complete and not linger:
            break
        left = until - time.perf_counter()
        if left <= 0:
            problem = "time ran out"
            break
        connection.settimeout(min(left, GRACE) if complete else left)
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            if complete:
                break
            problem = "time ran out"
            continue
        except OSError as error:
            problem = words_of(error)
            ended = True
            continue
        ended = not piece
        raw += piece
    return _outcome(bytes(raw), ended=ended, problem=problem)


def _outcome(raw: bytes, *, ended: bool, problem: str) -> Received:
    parsed = parse(raw, ended=True)
    if parsed is None or (parsed.fault == "body_cut_short" and problem == "time ran out"):
        came = f"only {len(raw)} bytes came" if raw else "nothing came"
        slow = problem == "time ran out"
        words = problem or ("the connection was closed" if ended else "too many bytes")
        return Received(raw=raw, fault="too_slow" if slow else "no_answer", problem=f"{words}; {came}")
    return parsed


def parse(raw: bytes, *, ended: bool) -> Received | None:
    """The answer in ``raw``; None while its head is incomplete. ``ended``: no more bytes will come."""
    head, separator, rest = raw.partition(b"\r\n\r\n")
    if not separator:
        if ended and raw and not raw.startswith(b"HTTP/"):
            return Received(raw=raw, fault="no_answer", problem="the bytes that came are not HTTP")
        return None
    lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        return Received(raw=raw, fault="no_answer", problem="the first line is no HTTP/1.1 status line")
    status = int(match[1])
    if 100 <= status < 200:
        return parse(rest, ended=ended)
    headers = tuple(_header(line) for line in lines[1:])
    found = Received(raw=raw, status=status, headers=headers)
    if "chunked" in (found.header("Transfer-Encoding") or "").lower():
        return _chunked(found, rest)
    length = found.header("Content-Length")
    if length is None or not _LENGTH.fullmatch(length.strip()):
        # Without a length the body ends with the connection.
        return replace(found, body=rest, fault="" if ended else "body_cut_short")
    size = int(length)
    if len(rest) < size:
        words = f"Content-Length promises {size} bytes, {len(rest)} came"
        return replace(found, body=rest, fault="body_cut_short", problem=words)
    return replace(found, body=rest[:size], after=rest[size:])


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("latin-1"), value.strip(b" \t").decode("latin-1")


def _chunked(found: Received, rest: bytes) -> Received:
    body = bytearray()
    while True:
        line, separator, after = rest.partition(b"\r\n")
        if not separator:
            return replace(found, body=bytes(body), fault="body_cut_short", problem="the last chunk is missing")
        match = _CHUNK.fullmatch(line)
        if match is None:
            return replace(found, body=bytes(body), fault="bad_chunking", problem="a chunk's size is no hex number")
        size = int(match[1], 16)
        if size == 0:
            return _ended(replace(found, body=bytes(body)), after)
        if len(after) < size + 2:
            return replace(found, body=bytes(body), fault="body_cut_short", problem="a chunk is cut short")
        if after[size : size + 2] != b"\r\n":
            return replace(
                found, body=bytes(body), fault="bad_chunking", problem="a chunk does not end where it should"
            )
        body += after[:size]
        rest = after[size + 2 :]


def _ended(found: Received, rest: bytes) -> Received:
    """After the last chunk: trailers, if any, and an empty line."""
    line, separator, after = rest.partition(b"\r\n")
    while separator and line:
        line, separator, after = after.partition(b"\r\n")
    if not separator:
        return replace(found, fault="body_cut_short", problem="the line after the last chunk is missing")
    return replace(found, after=after)


def words_of(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "time ran out"
    if of_the_system := getattr(error, "strerror", ""):
        return str(of_the_system).lower()
    text = str(error) or type(error).__name__
    return text[:1].lower() + text[1:]  # the rest may name a setting
