"""Connection to the sellers: the market's own gateway signs and reads, and this process replaces the network."""

from __future__ import annotations

import random
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, override
from urllib.parse import urlsplit

from tradepost.market.base import ids
from tradepost.market.base.aiohttp_internals.unreachable import connection_error
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.production.claim import ClaimedCall
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.protocols.commands import Unreachable
from tradepost.protocols.http import Request, Response
from tradepost.protocols.registry import protocol

from .plan import START_TIME
from .sellers import SimulatedSeller

TIMEOUT = timedelta(seconds=20)


class Fault(StrEnum):
    """Faults of an exchange."""

    NONE = "is answered"
    SLOW = "is answered late"
    LATE = "acts late"
    TWICE = "is delivered twice"
    REFUSES = "refuses"
    NOT_YET = "says not yet"
    REQUEST_LOST = "request is lost"
    ANSWER_LOST = "answer is lost"
    ERROR = "answers 500"
    ERROR_AFTER = "acts and answers 500"
    WRONG_SIGN = "signs wrongly"
    GARBAGE = "acts and answers no JSON"
    DOWN = "cannot be reached"


RANDOM_FAULTS = tuple(fault for fault in Fault if fault not in {Fault.NONE, Fault.DOWN})


@dataclass(frozen=True, slots=True)
class Outage:
    """Time in which a server cannot be reached, half-open."""

    begins: datetime
    ends: datetime

    def covers(self, moment: datetime) -> bool:
        return self.begins <= moment < self.ends


class Wire(Gateway):
    """``sellers``: by the host of their address."""

    def __init__(self, sellers: Mapping[str, SimulatedSeller]) -> None:
        super().__init__(Limits(TIMEOUT.total_seconds(), 1_048_576, SANDBOX))
        self._sellers = sellers
        self._fault = Fault.NONE
        self._now = START_TIME
        self.faults: dict[Fault, int] = {}

    def call(self, call: ClaimedCall, fault: Fault, *, now: datetime) -> Exchange:
        """Make one complete attempt with one fault. ``now``: when it reaches the seller."""
        self._fault, self._now = fault, now
        if fault is not Fault.NONE:
            self.faults[fault] = self.faults.get(fault, 0) + 1
        return _run_to_end(
            self.exchange(
                protocol(call.protocol),
                call.command,
                address=call.url,
                keys=call.keys,
                now=call.started_at,
                nonce=call.nonce,
                require_body_sign=call.require_body_sign,
                until_access=call.until_access,
            )
        )

    @override
    async def send(
        self, request: Request, certificates: list[datetime] | None = None, limits: Limits | None = None
    ) -> Response | Unreachable:
        """Return the answer of the seller's server, unless the attempt's fault prevents it."""
        seller, fault = self._sellers[urlsplit(request.url).hostname or ""], self._fault
        if fault is Fault.DOWN:
            raise connection_error(ConnectionRefusedError(111, "Connection refused"))
        if fault is Fault.REQUEST_LOST:
            raise TimeoutError
        if fault is Fault.ERROR:
            return _SERVER_ERROR
        seller.mood = {Fault.REFUSES: "refuses", Fault.NOT_YET: "not yet"}.get(fault, "")
        response = seller.answer(request, self._now, ids.nonce())
        seller.mood = ""
        match fault:
            case Fault.TWICE:
                seller.answer(request, self._now, ids.nonce())
            case Fault.ANSWER_LOST:
                raise TimeoutError
            case Fault.ERROR_AFTER:
                return _SERVER_ERROR
            case Fault.WRONG_SIGN:
                return Response(response.status, tuple(map(_forged, response.headers)), response.body)
            case Fault.GARBAGE:
                return Response(response.status, response.headers, b"<html>proxy</html>")
        return response


_SERVER_ERROR = Response(500, (("Content-Type", "text/plain"),), b"internal server error")


def _forged(header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    return (name, value[::-1]) if name.lower() == "body-sign" else header


def _run_to_end[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the coroutine's result; nothing in this gateway waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("an exchange of a simulation waited for something")


def random_fault(chance: random.Random, share: float) -> Fault:
    """Return the fault of an attempt. ``share``: frequency of faults."""
    return chance.choice(RANDOM_FAULTS) if chance.random() < share else Fault.NONE


def duration(fault: Fault, chance: random.Random) -> timedelta:
    """Return the duration from the request to the end of the attempt."""
    if fault in {Fault.REQUEST_LOST, Fault.ANSWER_LOST}:
        return TIMEOUT
    if fault in {Fault.SLOW, Fault.LATE}:
        return timedelta(seconds=chance.uniform(5, 19))
    return timedelta(milliseconds=chance.randrange(40, 1500))


def outages(chance: random.Random, share: float, begin: datetime, end: datetime) -> tuple[Outage, ...]:
    """Return some outages of several hours each; a higher share causes more."""
    outages_found, moment = [], begin
    while share > 0:
        moment += timedelta(days=chance.expovariate(share / 10))
        if moment >= end:
            break
        outage_end = moment + timedelta(hours=chance.uniform(0.5, 30))
        outages_found.append(Outage(moment, outage_end))
        moment = outage_end
    return tuple(outages_found)
