"""What probes say: of one case, of a slot, of a product, of a day (saas-v2 §6). Pure.

Only what is surely the seller's counts against it. A try that our own worker lost or could not make, a slot in which too many
addresses could not be reached, a case that was not asked: *unknown*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from tradepost.protocols.commands import Fault


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


OURS = frozenset({Fault.INTERNAL, Fault.LOST, Fault.NO_KEY})
"""Faults of a try that say nothing of the seller."""
TRANSPORT = frozenset({Fault.DNS, Fault.CONNECT, Fault.TLS, Fault.TIMEOUT_CONNECT, Fault.TIMEOUT, Fault.CLOSED})
"""Faults that our own network, resolver or clock may have caused."""


class Try(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    OURS = "ours"


def verdict_of(tries: Sequence[Try], *, wanted: int, paused: bool = False) -> Verdict:
    """Of one case: it passes with one good try. It fails when all that are wanted failed by the seller's fault; fewer are
    enough for an address that is ``paused`` since orders failed there as well."""
    if Try.PASSED in tries:
        return Verdict.PASSED
    enough = len(tries) >= wanted or (paused and len(tries) > 0)
    return Verdict.FAILED if enough and Try.OURS not in tries else Verdict.UNKNOWN


def is_void(*, asked: int, unreached: int, percent: int, least: int) -> bool:
    """Whether a slot says nothing: more than ``percent`` of at least ``least`` addresses could not be reached."""
    return asked >= least and unreached * 100 > asked * percent


def of_product[K](needed: Collection[K], verdicts: Mapping[K, Verdict]) -> Verdict:
    """A product fails by one case that it needs; it passes by all of them. What was not asked is unknown: who deletes a case
    that fails gains nothing."""
    found = [verdicts.get(key, Verdict.UNKNOWN) for key in needed]
    return worst(found) if found else Verdict.UNKNOWN


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """A day fails if any slot fails, else is unknown if any is."""
    found = set(verdicts)
    for verdict in (Verdict.FAILED, Verdict.UNKNOWN):
        if verdict in found:
            return verdict
    return Verdict.PASSED if found else Verdict.UNKNOWN
