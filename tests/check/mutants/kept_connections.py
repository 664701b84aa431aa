"""Mutants that fail on kept connections, as the market's gateway keeps them (RFC 9112 §9.3)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests import waiting
from tradepost.protocols import registry
from tradepost.protocols.http import Response
from tradepost.protocols.json_answer import json_answer

from .any_shop import any_seller
from .definition import CODE, KEY, NOTICE, ONLINE, V1, V2, Answering, mutant
from .kept_server import Loop, Wire
from .shop import Shop

WIRE = "wire"
MINUTE = 60_000


def kept_mutant(diagnosis: str, *protocols: str, warned: bool = False) -> Callable[[Loop], Loop]:
    def declare(loop: Loop) -> Loop:
        def build(folder: Path, protocol: str) -> Answering:
            wire = registry.protocol(protocol)
            return Shop(folder, wire).respond if protocol in {V1, V2} else any_seller(folder, protocol).respond

        build.__name__ = loop.__name__
        mutant(diagnosis, WIRE, protocols=protocols or (V2,), warned=warned, loop=loop)(build)
        return loop

    return declare


def refused(code: str) -> Response:
    return json_answer({"resultCode": code, "resultMsg": "refused"}, key=KEY)


def seen_from_the_url(first: str) -> str:
    """Return the code of a refusal that needs no body; empty if the body must be read."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(first.split(" ")[1]).query).items()}
    stamp = query.get("timestamp", "")
    if not stamp.isdigit() or abs(time.time() * 1000 - int(stamp)) > MINUTE or not query.get("nonce"):
        return "000002"
    return "" if query.get("signature", "").strip("0") else "000001"


@kept_mutant("unread_body", V2, CODE, ONLINE, NOTICE)
def refuses_without_reading(wire: Wire) -> None:
    """The remaining bytes are read as the next request line and answered with 400."""
    while True:
        first = wire.read_head()
        if first.count(" ") != 2 or not first.startswith(("POST ", "GET ")):
            wire.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            return
        code = seen_from_the_url(first)
        wire.send(refused(code) if code else wire.answer(first, wire.read_body()))
        if wire.closes:
            return


@kept_mutant("unread_body")
def refuses_without_reading_and_hangs_up_later(wire: Wire) -> None:
    """An unreadable request line ends the connection without a response."""
    while True:
        first = wire.read_head()
        if not first.startswith("POST "):
            return
        code = seen_from_the_url(first)
        wire.send(refused(code) if code else wire.answer(first, wire.read_body()))
        if wire.closes:
            return


@kept_mutant("unread_body")
def refuses_without_reading_and_waits(wire: Wire) -> None:
    """The remaining bytes are not a request, so the server keeps waiting for one."""
    while True:
        first = wire.read_head()
        if not first.startswith("POST "):
            continue
        code = seen_from_the_url(first)
        wire.send(refused(code) if code else wire.answer(first, wire.read_body()))
        if wire.closes:
            return


def answer_one(wire: Wire) -> Response:
    first = wire.read_head()
    answer = wire.answer(first, wire.read_body())
    wire.send(answer)
    return answer


@kept_mutant("deaf_connection", V2, V1)
def answers_once_and_sleeps(wire: Wire) -> None:
    """A thread that ended without closing its socket."""
    answer_one(wire)
    if not wire.closes:
        wire.wait(waiting.TIMEOUT)


@kept_mutant("deaf_connection")
def sleeps_after_a_refusal(wire: Wire) -> None:
    while b'"000000"' in answer_one(wire).body:
        if wire.closes:
            return
    if not wire.closes:
        wire.wait(waiting.TIMEOUT)


@kept_mutant("hangs_up", V2, V1, NOTICE)
def closes_after_each_answer(wire: Wire) -> None:
    """HTTP/1.1, without announcing the end."""
    answer_one(wire)


@kept_mutant("hangs_up")
def closes_after_a_refusal(wire: Wire) -> None:
    while b'"000000"' in answer_one(wire).body:
        if wire.closes:
            return


@kept_mutant("hangs_up")
def resets_the_second_request(wire: Wire) -> None:
    """It accepts the request, and resets the connection."""
    answer_one(wire)
    if not wire.closes:
        wire.read_head()
        wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


@kept_mutant("short_keep_alive", warned=True)
def closes_when_idle(wire: Wire) -> None:
    answer_one(wire)
    wire.connection.settimeout(0.4)
    while not wire.closes:
        answer_one(wire)


@kept_mutant("old_answer", V2, V1)
def one_answer_behind(wire: Wire) -> None:
    """Responses pass through a queue of the connection."""
    last: Response | None = None
    while True:
        first = wire.read_head()
        answer = wire.answer(first, wire.read_body())
        wire.send(last or answer)
        last = answer
        if wire.closes:
            return


@kept_mutant("out_of_step")
def verifies_once_a_connection(wire: Wire) -> None:
    """A client is trusted until the connection ends after one valid signature."""
    believed = ""
    while True:
        first = wire.read_head()
        answer = wire.answer(first, wire.read_body())
        right = b'"000000"' in answer.body
        wire.send(
            json_answer({"resultCode": "000000", "resultMsg": "ok", "instanceId": "i-1"}, key=KEY)
            if believed and not right
            else answer
        )
        believed = believed or ("yes" if right else "")
        if wire.closes:
            return


@kept_mutant("bytes_after_body")
def says_it_twice(wire: Wire) -> None:
    while True:
        answer = answer_one(wire)
        if wire.closes:
            return
        wire.send(answer)


@kept_mutant("bytes_after_body", V2, V1)
def a_line_end_after_a_kept_answer(wire: Wire) -> None:
    while True:
        first = wire.read_head()
        answer = wire.answer(first, wire.read_body())
        wire.send(answer, more=b"" if wire.closes else b"\r\n")
        if wire.closes:
            return


@kept_mutant("endless_answer")
def no_length_on_a_kept_answer(wire: Wire) -> None:
    """If the connection ends with the response, its end suffices."""
    while True:
        first = wire.read_head()
        wire.send(wire.answer(first, wire.read_body()), length=wire.closes)
        if wire.closes:
            return
