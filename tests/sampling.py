"""The kind of a test run, its seed, and the size of exhaustive tests (docs/decisions/0116).

``scripts/run_tests.py`` sets the kind in ``TRADEPOST_TEST_SELECTION`` and the seed in ``TRADEPOST_TEST_SEED``:

* ``gate``: all short tests and the slow tests listed in ``selection.SLOW_IN_GATE``, with a fixed seed.
* ``soak``: all tests at full size on both databases, with a new seed for each run.
* empty: the tests that a person names, with the fixed seed. Tests marked ``soak`` are left out.

Importing this module changes nothing: a process that only prepares a run must not choose its seed.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Hashable, Sequence

FIXED_SEED = 20261201
"""Seed of all runs except soaks, so that a run that fails can be repeated."""
SHARE = 1 / 10
"""Share of the rounds or examples of an exhaustive test that runs outside a soak."""

SELECTION = os.environ.get("TRADEPOST_TEST_SELECTION", "")
SOAK = SELECTION == "soak"
GATE = SELECTION == "gate"
"""Whether large tables of cases are sampled, because the whole suite runs."""
SEED = int(os.environ.get("TRADEPOST_TEST_SEED") or FIXED_SEED)


def rank(name: str) -> int:
    """Return a number that depends only on the name, so that a new test does not move the others."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


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
    kinds = {"gate": "the gate", "soak": "all tests at full size", "": "the named tests"}
    again = f"; to repeat its random values: TRADEPOST_SEED={SEED}" if SEED != FIXED_SEED else ""
    return f"{kinds[SELECTION]}{again}"
