"""How much slower do pages become during attacks of strangers, a mail server or writers? Each attack has its own idle
phase."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.programs import ProgramFailed

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = {
    "slow_bodies": "200 bodies that never end",
    "parallel_logins": "20 people sign in at once",
    "hanging_mail": "the mail server hangs",
    "waiting_writers": "writers wait for SQLite's lock",
}
"""Programs of tests/chaos with a description."""
ROUNDS = {"slow_bodies": 8, "parallel_logins": 4}
MAX_RATIO = 2.0
"""Maximum ratio of a page's time under attack and in the idle phase."""


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    attacks = ["parallel_logins"] if scale.quick else list(ATTACKS)
    for _ in range(scale.repeats):
        for attack in attacks:
            found = _figures(attack)
            runs.add(f"p95 idle, {ATTACKS[attack]}", found["p95_alone_ms"], "ms")
            runs.add(f"p95, {ATTACKS[attack]}", found["p95_loaded_ms"], "ms")
            runs.add(f"memory, {ATTACKS[attack]}", found["megabytes_most"], "MB")
    ratios = tuple(
        runs.ratio(f"an idle market: {ATTACKS[attack]}", f"p95, {ATTACKS[attack]}", f"p95 idle, {ATTACKS[attack]}")
        for attack in attacks
    )
    return Answer(
        name="under-attack",
        title="p95 of a visitor's pages in the idle phase and under attack, one web process on SQLite",
        ratios=ratios,
        figures=runs.figures(),
        needs=tuple(Need(text=f"× {ratio.of}", reached=ratio.value, bound=MAX_RATIO, at_most=True) for ratio in ratios),
        notes=("Each attack is a program of tests/chaos and starts a market of its own.",),
    )


def _figures(attack: str) -> dict[str, Any]:
    """Return what the program printed. Raise ``ProgramFailed`` with the end of its errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "PYTEST_"))}
    command = [sys.executable, "-m", f"tests.chaos.{attack}"]
    command += [str(ROUNDS[attack])] if attack in ROUNDS else []
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise ProgramFailed(f"{attack}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
