"""``bill`` with ten million usage records: is the cost still proportional to their number? (issue 13, "Must show"
3.)"""

from __future__ import annotations

from bench.answer import Answer, Say, Scale

from .bill import QUICK, measure_of

FULL = 10_000_000


def measure(scale: Scale, say: Say) -> Answer:
    return measure_of("bill-large", scale.of(FULL, QUICK), scale, say)
