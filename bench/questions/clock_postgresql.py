"""``clock`` on PostgreSQL with a thousand services, from which the time of 10,000 for ten years follows."""

from __future__ import annotations

from bench.answer import Answer, Say, Scale

from .clock import measure_on


def measure(scale: Scale, say: Say) -> Answer:
    return measure_on(scale, say, name="clock-postgresql", services=1000, on_postgresql=True)
