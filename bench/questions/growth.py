"""How much longer does each task take in a market of a million orders than in one of ten thousand?"""

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
"""Milliseconds by which two medians of the same task differ on an otherwise idle machine."""
PATIENCE = 3600.0
"""Seconds for filling a market; a million orders take some minutes."""
RUNS = 3
"""Runs of each task in a turn: enough to see that most are level, and which of the others to measure again."""
SUSPECT = 1.15
"""Ratio from which a task is measured again, far below the limit, so that few violations are missed."""
MIN_TURNS, MAX_TURNS, RUNS_AGAIN = 2, 8, 4
"""Turns for repeated measurements, with both markets in alternating order, until the task is no longer suspicious."""

type Samples = tuple[list[list[float]], list[list[float]]]
"""Milliseconds of the runs of each turn, in the small market and in the large one."""
type Ask = Callable[[int, int, int], list[float]]
"""Returns milliseconds of a task (market 0 small or 1 large, task number, runs)."""


def measure(scale: Scale, say: Say) -> Answer:
    small, large = 10_000, scale.orders or scale.of(1_000_000, 12_000)
    now = datetime.now(UTC).isoformat()
    with postgresql() as server, folder() as data:
        arguments = (scale.of(1000, 100), now, scale.only)
        markets: list[Program] = []
        try:
            with fast_loading(server):
                markets += [start_market(server, data, orders, *arguments) for orders in (small, large)]
                names = [json.loads(Path(market.ready(within=PATIENCE)[0]).read_text()) for market in markets]
            say("both markets are filled")
            if names[0] != names[1]:
                raise ProgramFailed("the markets do not do the same things")

            def ask(which: int, number: int, runs: int) -> list[float]:
                markets[which].go(number, runs)
                return [float(one) for one in markets[which].done()]

            first = measure_in_turns(ask, len(names[0]), scale, say)
            again = (
                {}
                if scale.quick
                else measure_again(ask, {n for n, found in first.items() if ratio_of(found) > SUSPECT}, say)
            )
        finally:
            for market in markets:
                market.end()
    return _answer(small, large, names[0], first, again)


@contextmanager
def fast_loading(server: str) -> Iterator[None]:
    """Reduce checkpoints meanwhile, since whole pages are logged again after each. Before the measurement, PostgreSQL's
    default settings are restored and all data is on disk."""
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


def measure_in_turns(ask: Ask, things: int, scale: Scale, say: Say) -> dict[int, Samples]:
    found: dict[int, Samples] = {number: ([], []) for number in range(things)}
    for repeat in range(scale.repeats):
        for number, samples in found.items():
            for which in (0, 1) if (repeat + number) % 2 else (1, 0):
                samples[which].append(ask(which, number, scale.of(RUNS, 1)))
        say(f"round {repeat + 1} of {scale.repeats}: {_worst_ratio(found)}")
    return found


def measure_again(ask: Ask, suspects: set[int], say: Say) -> dict[int, Samples]:
    """Measure again. The first turns of these tasks are ignored, since they selected them."""
    samples_by_task: dict[int, Samples] = {number: ([], []) for number in sorted(suspects)}
    remaining = samples_by_task
    for turn in range(MAX_TURNS):
        if turn >= MIN_TURNS:
            remaining = {number: samples for number, samples in remaining.items() if ratio_of(samples) > SUSPECT}
        for number, samples in remaining.items():
            for which in (0, 1) if (turn + number) % 2 else (1, 0):
                samples[which].append(ask(which, number, RUNS_AGAIN))
        say(f"measured again, turn {turn + 1} of at most {MAX_TURNS}: {len(remaining)} things")
    return samples_by_task


def start_market(
    server: str, data: Path, orders: int, *arguments: object, module: str = "bench.growing_market"
) -> Program:
    """Start a process with its own database, which it fills. ``arguments``: additional ones of ``module``."""
    name = f"growth_{orders}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    own = data / name
    own.mkdir()
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    return Program(module, url, own, orders, *arguments)


def _medians(samples: Samples) -> tuple[float, float]:
    before, after = (median(run for runs in turns for run in runs) for turns in samples)
    return before, after


def ratio_of(samples: Samples) -> float:
    before, after = _medians(samples)
    return after / before if after - before > NOISE else min(after / before, 1.0)


def _worst_ratio(found: Mapping[int, Samples]) -> str:
    ratios = [ratio_of(samples) for samples in found.values()]
    return f"{sum(ratio > LIMIT for ratio in ratios)} of {len(ratios)} above {LIMIT}, {max(ratios):.2f} × at most"


def _answer(
    small: int, large: int, names: Sequence[str], first: Mapping[int, Samples], again: Mapping[int, Samples]
) -> Answer:
    """For tasks measured again, use only those measurements and mark them."""
    figures, ratios = [], {}
    for number, name in enumerate(names):
        samples = again.get(number, first[number])
        before, after = _medians(samples)
        ratios[name] = ratio_of(samples)
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
                f"{len(again)} things seemed to take more than {SUSPECT} × as long and were measured anew, in {MIN_TURNS} to {MAX_TURNS} turns of"
                f" {RUNS_AGAIN} runs: of those that alone counts."
            ),
        ),
    )
