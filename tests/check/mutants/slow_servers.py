"""Mutants that are slow: on one activity or on all, as a whole or byte by byte (saas-v2 §3.0)."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from tradepost.protocols.http import Request, Response

from .definition import LICENSE, ONLINE, V1, V2, Answering, mutant
from .every_protocol import Met
from .kept_server import Wire, well
from .never_ending import honest

LIMIT, LATE = 0.25, 0.4
"""Seconds that an answer may take here, and that a late one takes."""
LIMIT_UNDER_LOAD, LATE_UNDER_LOAD = 2, 2.5
"""The same if many requests at once must be answered in time."""


def slow_on(
    folder: Path, protocol: str, *activities: str, test: bool | None = None, seconds: float = LATE
) -> Answering:
    """``test``: only test calls, or only real ones; None for both. Without activities: all."""
    seller = honest(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        members = Met(protocol, request, now, nonce).members
        asked = not activities or members.get("activity") in activities
        if asked and test in {None, str(members.get("testFlag")) == "1"}:
            time.sleep(seconds)
        return seller.respond(request, now, nonce)

    return answering


@mutant("slow_answer", protocols=(V2, V1, LICENSE, ONLINE), answer_within=LIMIT)
def slow_on_all(folder: Path, protocol: str) -> Answering:
    """Given up after a few answers, in every group."""
    return slow_on(folder, protocol)


@mutant("slow_answer", "lifecycle", "load", protocols=(V2, V1, ONLINE), answer_within=LIMIT_UNDER_LOAD)
def slow_on_releases(folder: Path, protocol: str) -> Answering:
    return slow_on(folder, protocol, "releaseInstance", seconds=LATE_UNDER_LOAD)


@mutant("slow_answer", "shape", "load", answer_within=LIMIT_UNDER_LOAD)
def slow_on_test_calls_of_a_status(folder: Path, protocol: str) -> Answering:
    return slow_on(folder, protocol, "updateInstanceStatus", test=True, seconds=LATE_UNDER_LOAD)


@mutant("slow_answer", "lifecycle", "load", answer_within=LIMIT_UNDER_LOAD)
def slow_on_real_renewals(folder: Path, protocol: str) -> Answering:
    return slow_on(folder, protocol, "refreshInstance", test=False, seconds=LATE_UNDER_LOAD)


@mutant("slow_answer", "idempotency", answer_within=LIMIT, within=3)
def slow_on_creations_until_the_time_is_over(folder: Path, protocol: str) -> Answering:
    """Without the checks of speed, a run that ends too early names what took its time."""
    return slow_on(folder, protocol, "newInstance", seconds=0.7)


@mutant("out_of_time", protocols=(V2, LICENSE), within=1.5)
def slower_than_the_run(folder: Path, protocol: str) -> Answering:
    """Each answer is in time, but the time does not suffice for all of them."""
    return slow_on(folder, protocol, seconds=0.05)


def trickling(wire: Wire, pause: float) -> None:
    first = wire.read_head()
    answer = wire.answer(first, wire.read_body())
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    wire.connection.sendall(f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(answer.body)}\r\n\r\n".encode())
    for at in range(len(answer.body)):
        wire.wait(pause)
        wire.connection.sendall(answer.body[at : at + 1])


def trickles_for_ever(wire: Wire) -> None:
    trickling(wire, 0.1)


def trickles(wire: Wire) -> None:
    trickling(wire, 0.01)


@mutant("too_slow", timeout=0.6, loop=trickles_for_ever)
def byte_by_byte_for_ever(folder: Path, protocol: str) -> Answering:
    return honest(folder, protocol).respond


@mutant("slow_answer", answer_within=LIMIT, loop=trickles)
def byte_by_byte(folder: Path, protocol: str) -> Answering:
    return honest(folder, protocol).respond


@mutant("too_slow", timeout=0.5, loop=well, protocols=(V2, V1))
def never_answers_anything(folder: Path, protocol: str) -> Answering:
    return slow_on(folder, protocol, seconds=1.2)
