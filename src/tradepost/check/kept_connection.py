"""One connection on which several requests follow each other, as the market's pool of connections uses it.

The market keeps a connection for a moment and sends its next call on it, unless the answer said ``Connection: close``,
the server closed it, or bytes came that nobody asked for (market/production/gateway.py, one_answer.py).
"""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from .http_client import GRACE, LARGEST, Received, parse, wire_bytes, words_of

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

SILENT, CLOSED, ENDLESS = "silent", "closed", "endless"
"""Faults of a kept connection alone: nothing came, it was closed before anything came, the body has no end."""


class KeptConnection:
    """Not thread-safe. ``open`` is False once the market would take another connection; ``hung_up`` is True when the server
    closed it although its answer had not said so.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.open = True
        self.hung_up = False

    def ask(self, request: Request, *, within: float) -> Received:
        """One request and the one answer to it; what comes beyond it is ``after``. Never raises for what a server does."""
        began = time.perf_counter()
        try:
            self._connection.settimeout(within)
            self._connection.sendall(wire_bytes(request, keep=True) + request.body)
        except OSError as error:
            self.open = False
            early = self._read(began + GRACE)
            found = early if early.status else replace(early, fault=CLOSED, problem=f"while sending: {words_of(error)}")
        else:
            found = self._read(began + within)
        stays = _stays(found)
        self.hung_up = bool(found.status) and not found.fault and not self.open and stays
        self.open = self.open and not found.fault and not found.after and stays
        return replace(found, seconds=time.perf_counter() - began)

    def rest(self, seconds: float) -> bytes:
        """Nothing is asked for a while, as between two calls; gives what came unasked."""
        self._connection.settimeout(seconds)
        try:
            came = self._connection.recv(65536)
        except TimeoutError:
            return b""
        except OSError:
            came = b""
        self.open, self.hung_up = False, not came
        return came

    def _read(self, until: float) -> Received:
        raw, ended, problem = bytearray(), False, ""
        complete: Received | None = None
        while len(raw) <= LARGEST and not ended:
            parsed = parse(bytes(raw), ended=False)
            complete = parsed if parsed is not None and not parsed.fault else None
            left = (time.perf_counter() + GRACE if complete else until) - time.perf_counter()
            if left <= 0:
                break
            self._connection.settimeout(left)
            try:
                piece = self._connection.recv(65536)
            except TimeoutError:
                break
            except OSError as error:
                ended, problem = True, words_of(error)
                continue
            raw += piece
            ended = not piece
            if complete is not None:
                # More than one answer, or the end of the connection.
                self.open = self.open and not ended
                return parse(bytes(raw), ended=True) or complete
        return complete or self._broken(bytes(raw), ended=ended, problem=problem)

    def _broken(self, raw: bytes, *, ended: bool, problem: str) -> Received:
        self.open = False
        if not raw:
            if ended:
                return Received(fault=CLOSED, problem=problem or "the connection was closed before anything came")
            return Received(fault=SILENT, problem="nothing came")
        parsed = parse(raw, ended=ended)
        if parsed is None:
            return Received(raw=raw, fault="no_answer", problem=f"only {len(raw)} bytes came")
        if not ended and _without_length(parsed):
            words = "neither Content-Length nor chunks, and the connection stays open: the body has no end"
            return replace(parsed, fault=ENDLESS, problem=words)
        return parsed


def _without_length(received: Received) -> bool:
    return received.header("Content-Length") is None and received.header("Transfer-Encoding") is None


def _stays(received: Received) -> bool:
    """Whether the answer leaves the connection open for another request (RFC 9112 §9.3)."""
    said = {word.strip().lower() for value in received.all("Connection") for word in value.split(",")}
    if "close" in said or _without_length(received):
        return False
    return not received.raw.startswith(b"HTTP/1.0") or "keep-alive" in said
