"""The benchmarks by name, in their order. A new one is one module and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from bench.answer import Answer, Say, Scale

QUESTIONS = {
    "engine-postgresql": "engine_postgresql",
    "engine-sqlite": "engine_sqlite",
    "delivery": "delivery",
    "latency": "latency",
    "probes": "probes",
    "kit-create": "kit_create",
    "order-query": "order_query",
    "usage": "usage",
    "usage-sqlite": "usage_sqlite",
    "usage-garbage": "usage_garbage",
    "bill": "bill",
    "bill-large": "bill_large",
    "growth": "growth",
    "lists": "lists",
    "export": "export",
    "first-page": "first_page",
    "web-vitals": "web_vitals",
    "dead-seller": "dead_seller",
    "check": "check",
    "under-attack": "under_attack",
    "clock": "clock",
    "clock-postgresql": "clock_postgresql",
}


def ask(name: str, scale: Scale, say: Say) -> Answer:
    """Run one benchmark in this process and its children."""
    module = import_module(f"bench.questions.{QUESTIONS[name]}")
    return cast("Answer", module.measure(scale, say))
