"""How much longer does anything take in a market of a million orders than in one of ten thousand?"""

from __future__ import annotations

import json
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


def measure(scale: Scale, say: Say) -> Answer:
    small, large = scale.of(10_000, 5000), scale.orders or scale.of(1_000_000, 10_000)
    now = datetime.now(UTC).isoformat()
    sellers, runs = scale.of(1000, 100), scale.of(7, 1)
    with postgresql() as server, folder() as data:
        markets = [_market(server, data, orders, sellers, runs, now, scale.only) for orders in (small, large)]
        try:
            names = [json.loads(Path(market.ready(within=PATIENCE)[0]).read_text()) for market in markets]
            say("both markets are filled")
            if names[0] != names[1]:
                raise ProgramFailed("the markets do not do the same things")
            found: dict[str, tuple[list[list[float]], list[list[float]]]] = {name: ([], []) for name in names[0]}
            for repeat in range(scale.repeats):
                for position, name in enumerate(names[0]):
                    for which in (0, 1) if (repeat + position) % 2 else (1, 0):
                        markets[which].go()
                        found[name][which].append([float(one) for one in markets[which].done()])
                say(f"round {repeat + 1} of {scale.repeats}. {_answer(small, large, found).notes[0]}")
        finally:
            for market in markets:
                market.end()
    return _answer(small, large, found)


def _market(server: str, data: Path, orders: int, *arguments: object) -> Program:
    """A process with a database of its own, which begins to fill it. ``arguments``: what ``growing_market`` takes besides."""
    name = f"growth_{orders}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    own = data / name
    own.mkdir()
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    return Program("bench.growing_market", url, own, orders, *arguments)


def _answer(small: int, large: int, found: dict[str, tuple[list[list[float]], list[list[float]]]]) -> Answer:
    figures, ratios = [], {}
    for name, (few, many) in found.items():
        before, after = (median(one for run in runs for one in run) for runs in (few, many))
        ratios[name] = after / before if after - before > NOISE else min(after / before, 1.0)
        runs = tuple(median(b) / median(a) for a, b in zip(few, many, strict=True))
        figures.append(Figure(name=name, unit=f"× ({before:.1f} → {after:.1f} ms)", runs=runs))
    missed = {name: ratio for name, ratio in ratios.items() if ratio > LIMIT}
    worst = max(ratios.values())
    words = [f"{name} {ratio:.2f} ×" for name, ratio in sorted(missed.items(), key=lambda item: -item[1])]
    return Answer(
        name="growth",
        title=f"Times as long in a market of {large:,} orders as in one of {small:,}: one process, PostgreSQL",
        ratios=(),
        figures=tuple(figures),
        needs=(Need(text=f"times as long at most, of {len(ratios)} things", reached=worst, bound=LIMIT, at_most=True),),
        notes=(
            f"Missed by: {'; '.join(words)}." if words else "Missed by nothing.",
            f"Medians; a difference of less than {NOISE} ms counts as none.",
        ),
    )
