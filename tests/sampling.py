"""Which tests a run selects, and how large the exhaustive ones are (docs/decisions/0079).

A run is one of four kinds, set by ``scripts/run_tests.py`` in ``TRADEPOST_TEST_SELECTION``:

* ``short``: every test without the mark ``slow`` or ``soak`` (``make test``).
* ``ci``: the same, and one tenth of the slow tests. The tenth follows the commit's number, so ten successive commits run them all.
* ``soak``: everything at full size, on both databases (``make soak``).
* empty: the tests that a person named. Only those with the mark ``soak`` are left out.

Imported by ``conftest.py`` before it clears the environment. Workers of xdist inherit the values through ``TRADEPOST_TEST_*``.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

TURNS = 10
"""Commits after which every slow test has run in CI."""
SHARE = 1 / 10
"""Part of an exhaustive number of rounds or examples that runs outside a soak."""

SELECTION = os.environ.setdefault("TRADEPOST_TEST_SELECTION", "")
SOAK = SELECTION == "soak"
WHOLE_SUITE = SELECTION in {"short", "ci"}
"""Whether this run has a limit of time, so that large tables of cases are sampled."""
IN_CI = SELECTION == "ci"


def _git(*command: str) -> str:
    try:
        done = subprocess.run(
            ["git", *command], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit_number() -> int:
    """Return the number of commits up to HEAD. In a shallow clone, which has no history to count, return a number from the hash."""
    if _git("rev-parse", "--is-shallow-repository") == "true":
        return int(_git("rev-parse", "HEAD"), 16)
    return int(_git("rev-list", "--count", "HEAD") or 0)


def _inherited(name: str, new: int) -> int:
    """Return the number that the first process of this run chose."""
    return int(os.environ.setdefault(name, str(new)))


_NUMBER = _inherited("TRADEPOST_TEST_COMMIT", commit_number() if IN_CI else 0)
TURN = _NUMBER % TURNS
"""Which tenth of the slow tests CI runs for this commit."""
SEED = _inherited(
    "TRADEPOST_TEST_SEED", int(os.environ.get("TRADEPOST_SEED") or _NUMBER or random.SystemRandom().randrange(1, 10**6))
)
"""Seed of everything that is drawn at random; in CI it follows the commit."""


def rank(name: str) -> int:
    """Return a number that depends on the name alone, so that a new test does not move the others."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def has_turn(name: str, turn: int) -> bool:
    """Return whether the test or file of this name belongs to this tenth."""
    return rank(name) % TURNS == turn % TURNS


def sample[T](
    items: Sequence[T],
    *,
    family: Callable[[T], Hashable] = lambda _item: None,
    share: float = SHARE,
    seed: int = SEED,
    everything: bool = SOAK,
) -> list[T]:
    """Return a random part of each family of items, in their order and at least one of each; all of them in a soak."""
    if everything:
        return list(items)
    families: dict[Hashable, list[int]] = {}
    for place, item in enumerate(items):
        families.setdefault(family(item), []).append(place)
    chance = random.Random(seed)
    chosen = {
        place for places in families.values() for place in chance.sample(places, max(1, round(len(places) * share)))
    }
    return [item for place, item in enumerate(items) if place in chosen]


def size(full: int, *, least: int = 1, share: float = SHARE, soak: bool = SOAK) -> int:
    """Return how many rounds, kills or examples to run: all in a soak, else a tenth (or ``share``) and at least ``least``."""
    return full if soak else min(full, max(least, round(full * share)))


def summary() -> str:
    """Return the line that lets a person repeat this run."""
    kinds = {
        "short": "all short tests",
        "ci": f"all short tests and part {TURN + 1} of {TURNS} of the slow ones",
        "soak": "all tests at full size",
        "": "the tests that were named",
    }
    return f"{kinds[SELECTION]}; same random values again: TRADEPOST_SEED={SEED}"
