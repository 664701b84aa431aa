"""Every benchmark in a tiny size, started from the command line, so that none breaks between the rare full runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench.answer import Answer
from bench.questions import QUESTIONS

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OWN_FIGURES = {
    "engine-postgresql": {"ours", "ours, newInstance", "bare loop"},
    "engine-sqlite": {"ours", "SQLite commits"},
    "delivery": {"ours"},
    "latency": {"p95, all sellers answer", "p95, 1 % of sellers dead"},
    "kit-create": {"kit", "raw WSGI"},
    "order-query": {"ours", "bare WSGI view"},
    "growth": {"GET /orders/", "GET /seller/", "GET /console/", "API order query", "claim", "record"},
    "lists": {"GET /console/orders/", "GET /console/orders/?status=completed", "GET /console/orders/?after=…"},
    "export": {"memory, csv", "memory, xlsx", "progress, csv"},
    "first-page": {"ours"},
    "web-vitals": {"first visit on the wire", "largest contentful paint"},
    "dead-seller": {"complete, seller answers", "complete, seller is silent"},
    "clock": {"a service and year"},
    "check": {"saas_v2, with its replay after 11 s"},
    "under-attack": {"p95 idle, 20 people sign in at once", "p95, 20 people sign in at once"},
    "clock-postgresql": {"a service and year"},
    "usage": {"taken", "bare", "read alone"},
    "usage-sqlite": {"taken", "bare", "read alone"},
    "usage-garbage": {"p95, no garbage", "p95, 1 % garbage"},
    "bill": {"charged, 20,000 records", "one SQL aggregate, 20,000 records"},
    "bill-large": {"charged, 20,000 records", "one SQL aggregate, 20,000 records"},
    "probes": {"p95, no probes", "p95, a slot of probes"},
}
"""What each measures on a machine without the rivals."""
SOME = {
    "growth": ["--only", "GET /orders/,GET /seller/,GET /console/,API order query,claim,record"],
    "lists": ["--only", "console/orders/,seller/products/"],
}
"""A part of the seven hundred things that grow: all of them take minutes, and each has its own tests."""


LARGE = {"growth", "lists", "export"}
"""They fill markets first, which takes minutes."""
ASKED = [pytest.param(name, marks=pytest.mark.soak if name in LARGE else ()) for name in QUESTIONS]


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_question_is_answered(name, tmp_path):
    out = tmp_path / "answer.json"
    command = [
        sys.executable,
        "-m",
        "bench.ask",
        name,
        "--quick",
        "--repeats",
        "1",
        "--out",
        str(out),
        *SOME.get(name, ()),
    ]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert asked.returncode == 0, asked.stderr[-3000:]
    answer = msgspec.json.decode(out.read_bytes(), type=Answer)
    assert answer.name == name
    assert {figure.name for figure in answer.figures} >= OWN_FIGURES[name]
    assert all(len(figure.runs) == 1 for figure in answer.figures)
    assert all(figure.value > 0 for figure in answer.figures if figure.name != "cumulative layout shift")
