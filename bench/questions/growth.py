"""How much longer does anything take in a market of a million orders than in one of ten thousand?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

from bench.answer import Answer, Figure, Need, Say, Scale
from bench.places import folder, postgresql
from bench.programs import Program, ProgramFailed

LIMIT = 1.3
NOISE = 0.5
"""Milliseconds by which two medians of the same thing differ on a machine that does nothing else."""
PATIENCE = 3600.0
"""Seconds in which a market is filled; a million orders take some minutes."""
RUNS = 3
"""Of each thing in a turn. So few say of most that they are level; of the others they say that it is worth looking again."""
SUSPECT = 1.15
"""What took this many times as long is measured again: so much less than the limit that few of those that miss it slip through."""
FEWEST, MOST, RUNS_AGAIN = 2, 8, 4
"""Turns, small and large market in changing order, of what is measured again: until it is no suspect any more, or the most."""

type Samples = tuple[list[list[float]], list[list[float]]]
"""Milliseconds of the runs of each turn, in the small market and in the large one."""
type Ask = Callable[[int, int, int], list[float]]
"""Milliseconds of a thing (its number, and how often) in the small market (0) or the large one (1)."""


def measure(scale: Scale, say: Say) -> Answer:
    small, large = 10_000, scale.orders or scale.of(1_000_000, 12_000)
    now = datetime.now(UTC).isoformat()
    with postgresql() as server, folder() as data:
        arguments = (scale.of(1000, 100), now, scale.only)
        markets: list[Program] = []
        try:
            with _filling(server):
                markets += [_market(server, data, orders, *arguments) for orders in (small, large)]
                names = [json.loads(Path(market.ready(within=PATIENCE)[0]).read_text()) for market in markets]
            say("both markets are filled")
            if names[0] != names[1]:
                raise ProgramFailed("the markets do not do the same things")

            def ask(which: int, number: int, runs: int) -> list[float]:
                markets[which].go(number, runs)
                return [float(one) for one in markets[which].done()]

            first = _in_turns(ask, len(names[0]), scale, say)
            again = (
                {} if scale.quick else _again(ask, {n for n, found in first.items() if _ratio(found) > SUSPECT}, say)
            )
        finally:
            for market in markets:
                market.end()
    return _answer(small, large, names[0], first, again)


@contextmanager
def _filling(server: str) -> Iterator[None]:
    """Meanwhile there are few checkpoints, after each of which whole pages are written to the journal again; PostgreSQL's own settings
    are back, and all is on the disk, before anything is measured."""
    patient = {"max_wal_size": "8GB", "checkpoint_timeout": "1h"}
    with psycopg.connect(server, autocommit=True) as connection:
        for name, value in patient.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute("SELECT pg_reload_conf()")
        yield
        for name in patient:
            connection.execute(f"ALTER SYSTEM RESET {name}".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


def _in_turns(ask: Ask, things: int, scale: Scale, say: Say) -> dict[int, Samples]:
    found: dict[int, Samples] = {number: ([], []) for number in range(things)}
    for repeat in range(scale.repeats):
        for number, samples in found.items():
            for which in (0, 1) if (repeat + number) % 2 else (1, 0):
                samples[which].append(ask(which, number, scale.of(RUNS, 1)))
        say(f"round {repeat + 1} of {scale.repeats}: {_worst(found)}")
    return found


def _again(ask: Ask, suspects: set[int], say: Say) -> dict[int, Samples]:
    """Anew: what the first turns said of these is not counted, since they were chosen by it."""
    found: dict[int, Samples] = {number: ([], []) for number in sorted(suspects)}
    left = found
    for turn in range(MOST):
        if turn >= FEWEST:
            left = {number: samples for number, samples in left.items() if _ratio(samples) > SUSPECT}
        for number, samples in left.items():
            for which in (0, 1) if (turn + number) % 2 else (1, 0):
                samples[which].append(ask(which, number, RUNS_AGAIN))
        say(f"measured again, turn {turn + 1} of at most {MOST}: {len(left)} things")
    return found


def _market(server: str, data: Path, orders: int, *arguments: object) -> Program:
    """A process with a database of its own, which begins to fill it. ``arguments``: what ``growing_market`` takes besides."""
    name = f"growth_{orders}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    own = data / name
    own.mkdir()
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    return Program("bench.growing_market", url, own, orders, *arguments)


def _medians(samples: Samples) -> tuple[float, float]:
    before, after = (median(one for runs in turns for one in runs) for turns in samples)
    return before, after


def _ratio(samples: Samples) -> float:
    before, after = _medians(samples)
    return after / before if after - before > NOISE else min(after / before, 1.0)


def _worst(found: Mapping[int, Samples]) -> str:
    ratios = [_ratio(samples) for samples in found.values()]
    return f"{sum(one > LIMIT for one in ratios)} of {len(ratios)} above {LIMIT}, {max(ratios):.2f} × at most"


def _answer(
    small: int, large: int, names: Sequence[str], first: Mapping[int, Samples], again: Mapping[int, Samples]
) -> Answer:
    """Of what was measured again that alone counts, and is said to be."""
    figures, ratios = [], {}
    for number, name in enumerate(names):
        samples = again.get(number, first[number])
        before, after = _medians(samples)
        ratios[name] = _ratio(samples)
        more = f", again, {sum(map(len, samples[1]))} runs" if number in again else ""
        runs = tuple(median(b) / median(a) for a, b in zip(*samples, strict=True))
        figures.append(Figure(name=name, unit=f"× ({before:.1f} → {after:.1f} ms{more})", runs=runs))
    missed = {name: ratio for name, ratio in ratios.items() if ratio > LIMIT}
    words = [f"{name} {ratio:.2f} ×" for name, ratio in sorted(missed.items(), key=lambda item: -item[1])]
    return Answer(
        name="growth",
        title=f"Times as long in a market of {large:,} orders as in one of {small:,}: one process, PostgreSQL",
        ratios=(),
        figures=tuple(figures),
        needs=(
            Need(
                text=f"times as long at most, of {len(ratios)} things",
                reached=max(ratios.values()),
                bound=LIMIT,
                at_most=True,
            ),
        ),
        notes=(
            f"Missed by: {'; '.join(words)}." if words else "Missed by nothing.",
            f"Medians; a difference of less than {NOISE} ms counts as none.",
            (
                f"{len(again)} things seemed to take more than {SUSPECT} × as long and were measured anew, in {FEWEST} to {MOST} turns of"
                f" {RUNS_AGAIN} runs: of those that alone counts."
            ),
        ),
    )
