"""How much of an exhaustive test runs: a random tenth, its seed printed; all of it in ``make soak``.

Tests that use this carry the mark ``soak``. ``TRADEPOST_SEED=123`` draws the same again, ``TRADEPOST_SOAK=1`` runs everything. A run
of everything, `make test`, is brief: it draws a sixth of that, but of mutants and fuzz all of the tenth; in CI a quarter of everything,
always by ``CI_SEED``. ``make test MORE=1`` draws all of the tenth, as a choice of tests does. Imported by ``conftest.py`` before it clears
the environment; the workers of xdist inherit what stands then.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Hashable, Sequence

SHARE = 0.1
_SEED, _SOAK, _MORE = "TRADEPOST_TEST_SEED", "TRADEPOST_TEST_SOAK", "TRADEPOST_TEST_MORE"


CI_SEED = 188913
"""CI draws the same until somebody changes this, with a release say: what lands is what was tried. ``make test`` draws anew."""

IN_CI = bool(os.environ.get("CI"))
BRIEF_PART = 1 / 4 if IN_CI else 1 / 6
"""Of a share: a person waits twelve minutes for everything, and CI has a quarter of an hour with what a bare machine lacks. By hand
more of the mutants, the fuzz and the simulated markets runs, and of the rest another part each time."""


def _new_seed() -> int:
    return CI_SEED if IN_CI else random.SystemRandom().randrange(10**6)


if _SEED not in os.environ:
    os.environ[_SEED] = os.environ.get("TRADEPOST_SEED", "") or str(_new_seed())
os.environ.setdefault(_SOAK, os.environ.get("TRADEPOST_SOAK", ""))
WHOLE_SUITE = os.environ.get("TRADEPOST_TEST_WHOLE_SUITE", "") == "1"
"""Whether everything was asked for (scripts/run_tests.py without a choice of tests)."""
SEED = int(os.environ[_SEED])
SOAK = os.environ[_SOAK] not in {"", "0"}
MORE = os.environ.get(_MORE, "") not in {"", "0"}
DRAWS = WHOLE_SUITE and not SOAK
"""Whether what is only drawn in a run of everything is drawn: asked for by name, and in a soak, all of it runs."""
BRIEF = (IN_CI or DRAWS) and not (SOAK or MORE)
"""Whether only such a part is drawn (decision 0076)."""


def summary() -> str:
    """What a person needs to run the same again."""
    if SOAK:
        return f"everything, TRADEPOST_SOAK is set; what is random: TRADEPOST_SEED={SEED}"
    drawn = "a quarter of a tenth" if IN_CI and BRIEF else "a tenth"
    others = ", of those in a browser and with programs a sixth of it" if BRIEF and not IN_CI else ""
    return f"{drawn}{others}, to draw the same again: TRADEPOST_SEED={SEED}"


def sample[T](
    items: Sequence[T],
    *,
    family: Callable[[T], Hashable] | None = None,
    share: float = SHARE,
    seed: int = SEED,
    soak: bool = SOAK,
    brief: bool = BRIEF,
) -> list[T]:
    """A tenth, or another ``share``, of each family and at least one, in the order of the items; a part of it in a brief run, in a
    soak all.

    The same seed draws the same of the same items, so that the workers of xdist agree. Of names it draws nearly the same when
    one is added: what ran before a commit that adds a file runs after it.
    """
    if soak:
        return list(items)
    families: dict[Hashable, list[int]] = {}
    for place, item in enumerate(items):
        families.setdefault(family(item) if family else None, []).append(place)
    chance = random.Random(seed)
    drawn: set[int] = set()
    for places in families.values():
        number = size(len(places), share=share, soak=False, brief=brief)
        if all(isinstance(items[place], str) for place in places):
            drawn.update(sorted(places, key=lambda place: _rank(seed, items[place]))[:number])
        else:
            drawn.update(chance.sample(places, number))
    return [item for place, item in enumerate(items) if place in drawn]


def _rank(seed: int, item: object) -> bytes:
    return hashlib.sha256(f"{seed} {item}".encode()).digest()


def toss[T](name: str, sides: Sequence[T], *, seed: int = SEED) -> T:
    """One of the ``sides`` for this name, whatever other names there are."""
    return sides[_rank(seed, name)[0] % len(sides)]


def size(full: int, *, least: int = 1, share: float = SHARE, soak: bool = SOAK, brief: bool = BRIEF) -> int:
    """A tenth, or another ``share``, of a number of rounds, kills or examples, not below ``least``; a part of it in a brief
    run, in a soak all of them."""
    return full if soak else min(full, max(least, round(full * share * (BRIEF_PART if brief else 1))))
