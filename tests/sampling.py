"""Decide which tests a run selects and how large the exhaustive ones are (docs/decisions/0079).

A run is one of four kinds, set by ``scripts/run_tests.py`` in ``TRADEPOST_TEST_SELECTION``:

* ``short``: every test without the mark ``slow`` or ``soak`` (``make test``).
* ``ci``: the same, and one twentieth of the slow tests. The share depends on the number of the commit, so twenty successive
  commits run them all.
* ``soak``: everything at full size, on both databases (``make soak``).
* empty: the tests that a person named, except those with the mark ``soak``.

``conftest.py`` imports this module before it clears the environment. Workers of xdist inherit the values through
``TRADEPOST_TEST_*``.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
TURNS = 20
"""Number of commits after which every slow test has run in CI."""
SHARE = 1 / 10
"""Share of the rounds or examples of an exhaustive test that runs outside a soak."""

SELECTION = os.environ.setdefault("TRADEPOST_TEST_SELECTION", "")
SOAK = SELECTION == "soak"
WHOLE_SUITE = SELECTION in {"short", "ci"}
"""Whether this run has a time limit, so that large tables of cases are sampled."""
IN_CI = SELECTION == "ci"


def rank(name: str) -> int:
    """Return a number that depends only on the name, so that a new test does not move the others."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _git(*command: str) -> str:
    try:
        # In a container, the folder may belong to another user, and git would refuse to read it.
        result = subprocess.run(
            ["git", "-c", "safe.directory=*", *command],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def commit_number() -> int:
    """Return the number of commits up to HEAD. A shallow clone has no history to count: return a number from the hash
    of HEAD. Without a repository, return a number from the changelog, which changes with each release."""
    if _git("rev-parse", "--is-shallow-repository") == "true":
        return int(_git("rev-parse", "HEAD"), 16)
    return int(_git("rev-list", "--count", "HEAD") or 0) or rank(CHANGELOG.read_text(encoding="utf-8"))


def _inherited(name: str, new: int) -> int:
    """Return the number that the first process of this run chose."""
    return int(os.environ.setdefault(name, str(new)))


_NUMBER = _inherited("TRADEPOST_TEST_COMMIT", commit_number() if IN_CI else 0)
TURN = _NUMBER % TURNS
"""Which twentieth of the slow tests CI runs for this commit."""
SEED = _inherited(
    "TRADEPOST_TEST_SEED", int(os.environ.get("TRADEPOST_SEED") or _NUMBER or random.SystemRandom().randrange(1, 10**6))
)
"""Seed of all random samples. In CI it is the number of the commit."""


def has_turn(name: str, turn: int) -> bool:
    """Return whether the test or file of this name belongs to this turn."""
    return rank(name) % TURNS == turn % TURNS


def sample[T](
    items: Sequence[T],
    *,
    family: Callable[[T], Hashable] = lambda _item: None,
    share: float = SHARE,
    seed: int = SEED,
    everything: bool = SOAK,
) -> list[T]:
    """Return a random sample of each family of items, in their order and at least one of each. A soak returns all."""
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
    """Return the number of rounds, kills or examples to run: all in a soak, else a share of them and at least
    ``least``."""
    return full if soak else min(full, max(least, round(full * share)))


def summary() -> str:
    """Return the line that tells a person how to repeat this run."""
    kinds = {
        "short": "all short tests",
        "ci": f"all short tests and part {TURN + 1} of {TURNS} of the slow ones",
        "soak": "all tests at full size",
        "": "the tests that were named",
    }
    return f"{kinds[SELECTION]}; same random values again: TRADEPOST_SEED={SEED}"
