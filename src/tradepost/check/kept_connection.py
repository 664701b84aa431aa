"""One connection with several requests, used like the market's connection pool.

The market keeps a connection for a moment and sends its next call on it, unless the answer had ``Connection: close``,
the server closed it, or unexpected bytes arrived (market/production/gateway.py, one_answer.py).
"""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from .http_client import GRACE_SECONDS, MAX_ANSWER_BYTES, RawResponse, error_text, parse, wire_bytes

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

SILENT, CLOSED, ENDLESS = "silent", "closed", "endless"
"""Faults of kept connections only: no answer, closed before any data, a body without an end."""


class KeptConnection:
    """Not thread-safe. ``open``: False once the market would use another connection; ``hung_up``: True if the server
    closed it without announcing that in its answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.open = True
        self.hung_up = False

    def ask(self, request: Request, *, within: float) -> RawResponse:
        """Send one request and read its answer; further bytes are in ``after``. Never raises for faults of a server."""
        began = time.perf_counter()
        try:
            self._connection.settimeout(within)
            self._connection.sendall(wire_bytes(request, keep=True) + request.body)
        except OSError as error:
            self.open = False
            early_answer = self._read(began + GRACE_SECONDS)
            received = (
                early_answer
                if early_answer.status
                else replace(early_answer, fault=CLOSED, problem=f"while sending: {error_text(error)}")
            )
        else:
            received = self._read(began + within)
        stays = _is_reusable(received)
        self.hung_up = bool(received.status) and not received.fault and not self.open and stays
        self.open = self.open and not received.fault and not received.after and stays
        return replace(received, seconds=time.perf_counter() - began)

    def rest(self, seconds: float) -> bytes:
        """Wait between two calls. Return unexpected data."""
        self._connection.settimeout(seconds)
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            return b""
        except OSError:
            data = b""
        self.open, self.hung_up = False, not data
        return data

    def _read(self, until: float) -> RawResponse:
        raw, has_ended, problem = bytearray(), False, ""
        complete: RawResponse | None = None
        while len(raw) <= MAX_ANSWER_BYTES and not has_ended:
            parsed = parse(bytes(raw), ended=False)
            complete = parsed if parsed is not None and not parsed.fault else None
            seconds_left = (time.perf_counter() + GRACE_SECONDS if complete else until) - time.perf_counter()
            if seconds_left <= 0:
                break
            self._connection.settimeout(seconds_left)
            try:
                piece = self._connection.recv(65536)
            except TimeoutError:
                break
            except OSError as error:
                has_ended, problem = True, error_text(error)
                continue
            raw += piece
            has_ended = not piece
            if complete is not None:
                # More than one answer, or the end of the connection.
                self.open = self.open and not has_ended
                return parse(bytes(raw), ended=True) or complete
        return complete or self._broken(bytes(raw), ended=has_ended, problem=problem)

    def _broken(self, raw: bytes, *, ended: bool, problem: str) -> RawResponse:
        self.open = False
        if not raw:
            if ended:
                return RawResponse(fault=CLOSED, problem=problem or "the connection was closed before anything came")
            return RawResponse(fault=SILENT, problem="nothing came")
        parsed = parse(raw, ended=ended)
        if parsed is None:
            return RawResponse(raw=raw, fault="no_answer", problem=f"only {len(raw)} bytes came")
        if not ended and _without_length(parsed):
            words = "neither Content-Length nor chunks, and the connection stays open: the body has no end"
            return replace(parsed, fault=ENDLESS, problem=words)
        return parsed


def _without_length(received: RawResponse) -> bool:
    return received.header("Content-Length") is None and received.header("Transfer-Encoding") is None


def _is_reusable(received: RawResponse) -> bool:
    """Return whether the answer keeps the connection open for another request (RFC 9112 §9.3)."""
    options = {word.strip().lower() for value in received.all("Connection") for word in value.split(",")}
    if "close" in options or _without_length(received):
        return False
    return not received.raw.startswith(b"HTTP/1.0") or "keep-alive" in options
