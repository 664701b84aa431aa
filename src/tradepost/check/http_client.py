"""An HTTP/1.1 client that exposes everything: raw bytes, the case of header names, chunks, and late data.

Libraries hide a body's framing and the bytes after it, in which sellers make mistakes.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from urllib.parse import urlsplit

from tradepost.protocols.http import Headers, Request, header

MAX_ANSWER_BYTES = 4 * 1024 * 1024
GRACE_SECONDS = 0.03
"""Seconds to wait for further bytes after a complete body, if the seller keeps the connection open."""
LOST_SYN_SECONDS = 0.9
"""In seconds: a connection that took this long needed a second attempt."""
_TOTAL_RETRANS, _TCP_INFO = 100, 104
"""Offset in ``struct tcp_info`` of the number of retransmissions, and its end."""
USER_AGENT = "tradepost-check"
"""Firewalls refuse requests without a name."""
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: .*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """The received data. ``fault``: a diagnosis if the framing is broken or nothing arrived; ``problem``: its
    description."""

    raw: bytes = b""
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    after: bytes = b""
    fault: str = ""
    problem: str = ""
    seconds: float = 0
    connecting: float = 0
    """Part of ``seconds`` before the connection was open."""
    resent: int = 0
    """Retransmitted packets: the seller's listening queue was full, or the network lost them."""
    unreachable: bool = False

    @property
    def queued(self) -> bool:
        """Whether the request waited before it reached the seller's program."""
        return self.resent > 0 or self.connecting > LOST_SYN_SECONDS

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(slots=True)
class LastByte:
    """The last byte of a request whose other bytes were sent. ``sent_at``: ``perf_counter``; 0 before it was sent.
    ``held``: seconds until the client could wait for the answer."""

    connection: socket.socket
    data: bytes
    sent_at: float = 0
    held: float = 0
    _unread: int = 0

    def send(self) -> None:
        """Raises ``OSError``."""
        self._unread = _unread_bytes(self.connection)
        self.connection.sendall(self.data)
        self.sent_at = time.perf_counter()

    def send_after(self, hold: Hold) -> None:
        """Raises ``OSError``."""
        began = time.perf_counter()
        try:
            hold.wait(self)
            if not self.sent_at:
                self.send()
        finally:
            self.held = time.perf_counter() - began

    @property
    def answered(self) -> bool:
        """Whether bytes arrived since it was sent, which nobody has read yet."""
        return self.sent_at > 0 and _unread_bytes(self.connection) > self._unread


@dataclass(frozen=True, slots=True)
class Hold:
    """``wait`` is called after all but the last byte has been sent. The client sends the last byte afterwards if the
    function did not. The time until the function has returned is not part of the exchange. If ``is_over`` returns True
    when the connection is open, the client sends the request as usual, in one piece."""

    wait: Callable[[LastByte], object]
    is_over: Callable[[], bool] = lambda: False


type Dial = Callable[[str, int, float], socket.socket]
"""Opens a connection to host and port within the given seconds. Raises ``OSError``."""


def dial_anywhere(host: str, port: int, within: float) -> socket.socket:
    return socket.create_connection((host, port), timeout=within)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """``timeout``: seconds for the whole exchange. ``dial``: opens the connections; a market passes a guarded one.
    ``tls``: trusted certificates; None for the authorities of this machine."""

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
        hold: Hold | None = None,
        within: float = inf,
    ) -> RawResponse:
        """Send one request on a new connection. Never raises for faults of a server.

        ``within``: seconds, if less than the timeout is left. ``pieces``: number of pieces of the body. ``linger``:
        wait for data after a complete answer. ``hold``: delays the last byte.
        """
        began = time.perf_counter()
        limit = min(self.timeout, within)
        until = began + limit
        try:
            connection = self.connect(request.url, limit)
        except (OSError, ValueError) as error:
            seconds = time.perf_counter() - began
            problem = f"no connection: {error_text(error)}"
            return RawResponse(
                fault="no_answer", problem=problem, unreachable=True, seconds=seconds, connecting=seconds
            )
        connecting = time.perf_counter() - began
        with connection:
            received, held = _exchange(connection, request, until, pieces=pieces, linger=linger, hold=hold)
            resent = _retransmissions(connection)
        seconds = time.perf_counter() - began - held
        return replace(received, seconds=seconds, connecting=connecting, resent=resent)

    def connect(self, url: str, timeout: float) -> socket.socket:
        """Return an open connection, including TLS. Raises ``OSError`` or ``ValueError``."""
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


def _retransmissions(connection: socket.socket) -> int:
    """Return the number of retransmissions on Linux; 0 elsewhere."""
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
    except (AttributeError, OSError):
        return 0
    return int.from_bytes(info[_TOTAL_RETRANS:_TCP_INFO], sys.byteorder) if len(info) == _TCP_INFO else 0


def _unread_bytes(connection: socket.socket) -> int:
    """Return the number of received bytes that were not read; 0 if the system does not tell."""
    count = array("i", [0])
    try:
        import fcntl
        import termios

        fcntl.ioctl(connection, termios.FIONREAD, count)
    except (ImportError, OSError):
        return 0
    return count[0]


def _exchange(
    connection: socket.socket, request: Request, until: float, *, pieces: int, linger: bool, hold: Hold | None
) -> tuple[RawResponse, float]:
    """Return the answer, and the seconds for which the last byte was held."""
    head, body = wire_bytes(request), request.body
    last_byte = LastByte(connection, (head + body)[-1:])
    try:
        if hold and not hold.is_over():
            connection.sendall((head + body)[:-1])
            last_byte.send_after(hold)
        else:
            _write(connection, head, body, pieces)
    except OSError as error:
        # A server may answer and close before it has read everything; its answer is more useful than the broken pipe.
        early_answer = _receive(connection, until + last_byte.held, linger=linger)
        problem = early_answer.problem if early_answer.status else f"while sending: {error_text(error)}"
        return replace(early_answer, problem=problem), last_byte.held
    return _receive(connection, until + last_byte.held, linger=linger), last_byte.held


def wire_bytes(request: Request, *, keep: bool = False) -> bytes:
    """Return the head of the request. ``keep``: another request follows on the same connection, the default of
    HTTP/1.1."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.header("User-Agent") is None:
        lines.append(f"User-Agent: {USER_AGENT}")
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
        # Long enough for the parts to arrive separately, as over long distances.
        time.sleep(0.02)
        connection.sendall(body[start : start + size])


def _receive(connection: socket.socket, until: float, *, linger: bool = False) -> RawResponse:
    raw = bytearray()
    has_ended = False
    problem = ""
    while len(raw) <= MAX_ANSWER_BYTES:
        parsed = parse(bytes(raw), ended=has_ended)
        if has_ended or problem:
            break
        complete = parsed is not None and not parsed.fault
        if complete and not linger:
            break
        seconds_left = until - time.perf_counter()
        if seconds_left <= 0:
            problem = "time ran out"
            break
        connection.settimeout(min(seconds_left, GRACE_SECONDS) if complete else seconds_left)
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            if complete:
                break
            problem = "time ran out"
            continue
        except OSError as error:
            problem = error_text(error)
            has_ended = True
            continue
        has_ended = not piece
        raw += piece
    return _outcome(bytes(raw), ended=has_ended, problem=problem)


def _outcome(raw: bytes, *, ended: bool, problem: str) -> RawResponse:
    parsed = parse(raw, ended=True)
    if parsed is None or (parsed.fault == "body_cut_short" and problem == "time ran out"):
        received_text = f"only {len(raw)} bytes came" if raw else "nothing came"
        is_slow = problem == "time ran out"
        words = problem or ("the connection was closed" if ended else "too many bytes")
        return RawResponse(raw=raw, fault="too_slow" if is_slow else "no_answer", problem=f"{words}; {received_text}")
    return parsed


def parse(raw: bytes, *, ended: bool) -> RawResponse | None:
    """Parse the answer in ``raw``; None while its head is incomplete. ``ended``: no more bytes will arrive."""
    head, separator, rest = raw.partition(b"\r\n\r\n")
    if not separator:
        if ended and raw and not raw.startswith(b"HTTP/"):
            return RawResponse(raw=raw, fault="no_answer", problem="the bytes that came are not HTTP")
        return None
    lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        return RawResponse(raw=raw, fault="no_answer", problem="the first line is no HTTP/1.1 status line")
    status = int(match[1])
    if 100 <= status < 200:
        return parse(rest, ended=ended)
    headers = tuple(_header(line) for line in lines[1:])
    received = RawResponse(raw=raw, status=status, headers=headers)
    if "chunked" in (received.header("Transfer-Encoding") or "").lower():
        return _read_chunks(received, rest)
    length = received.header("Content-Length")
    if length is None or not _LENGTH.fullmatch(length.strip()):
        # Without a length the body ends with the connection.
        return replace(received, body=rest, fault="" if ended else "body_cut_short")
    size = int(length)
    if len(rest) < size:
        words = f"Content-Length promises {size} bytes, {len(rest)} came"
        return replace(received, body=rest, fault="body_cut_short", problem=words)
    return replace(received, body=rest[:size], after=rest[size:])


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("latin-1"), value.strip(b" \t").decode("latin-1")


def _read_chunks(received: RawResponse, rest: bytes) -> RawResponse:
    body = bytearray()
    while True:
        line, separator, after = rest.partition(b"\r\n")
        if not separator:
            return replace(received, body=bytes(body), fault="body_cut_short", problem="the last chunk is missing")
        match = _CHUNK.fullmatch(line)
        if match is None:
            return replace(received, body=bytes(body), fault="bad_chunking", problem="a chunk's size is no hex number")
        size = int(match[1], 16)
        if size == 0:
            return _after_chunks(replace(received, body=bytes(body)), after)
        if len(after) < size + 2:
            return replace(received, body=bytes(body), fault="body_cut_short", problem="a chunk is cut short")
        if after[size : size + 2] != b"\r\n":
            return replace(
                received, body=bytes(body), fault="bad_chunking", problem="a chunk does not end where it should"
            )
        body += after[:size]
        rest = after[size + 2 :]


def _after_chunks(received: RawResponse, rest: bytes) -> RawResponse:
    """Parse optional trailers and the empty line after the last chunk."""
    line, separator, after = rest.partition(b"\r\n")
    while separator and line:
        line, separator, after = after.partition(b"\r\n")
    if not separator:
        return replace(received, fault="body_cut_short", problem="the line after the last chunk is missing")
    return replace(received, after=after)


def error_text(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "time ran out"
    if of_the_system := getattr(error, "strerror", ""):
        return str(of_the_system).lower()
    text = str(error) or type(error).__name__
    return text[:1].lower() + text[1:]  # the rest may name a setting
