"""Verdicts of probes for a case, a slot, a product and a day (saas-v2 §6). No I/O.

Only failures that are certainly the seller's count. Lost or impossible attempts, slots with too many unreachable
addresses, and cases without a call are *unknown*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from tradepost.protocols.commands import Fault


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


NOT_SELLERS_FAULT = frozenset({Fault.INTERNAL, Fault.LOST, Fault.NO_KEY})
"""Faults of an attempt that do not indicate a fault of the seller."""
TRANSPORT_FAULTS = frozenset({Fault.DNS, Fault.CONNECT, Fault.TLS, Fault.TIMEOUT_CONNECT, Fault.TIMEOUT, Fault.CLOSED})
"""Faults that this market's network, resolver or clock may have caused."""


class AttemptOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    OURS = "ours"


def case_verdict(tries: Sequence[AttemptOutcome], *, required_attempts: int, paused: bool = False) -> Verdict:
    """Return the verdict of a case. One successful attempt passes it.

    It fails if all ``required_attempts`` failed through the seller's fault; one is enough if the address is ``paused``,
    since orders failed there too.
    """
    if AttemptOutcome.PASSED in tries:
        return Verdict.PASSED
    has_enough = len(tries) >= required_attempts or (paused and len(tries) > 0)
    return Verdict.FAILED if has_enough and AttemptOutcome.OURS not in tries else Verdict.UNKNOWN


def is_void(*, asked: int, unreached: int, percent: int, least: int) -> bool:
    """Return whether a slot is void: more than ``percent`` of at least ``least`` addresses could not be reached."""
    return asked >= least and unreached * 100 > asked * percent


def product_verdict[K](needed: Collection[K], verdicts: Mapping[K, Verdict]) -> Verdict:
    """Return the verdict of a product: failed by one required case, passed by all.

    A case without a call is unknown, so deleting a failing case does not help.
    """
    case_verdicts = [verdicts.get(key, Verdict.UNKNOWN) for key in needed]
    return worst_verdict(case_verdicts) if case_verdicts else Verdict.UNKNOWN


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return failed if any verdict is failed, else unknown if any is."""
    unique = set(verdicts)
    for verdict in (Verdict.FAILED, Verdict.UNKNOWN):
        if verdict in unique:
            return verdict
    return Verdict.PASSED if unique else Verdict.UNKNOWN
