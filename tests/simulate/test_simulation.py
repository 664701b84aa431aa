"""A simulated market: its rules hold under all faults, a seed always has the same result, and failing runs are
shortened (operations §6, issue 11 "Simulation").
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import sampling
from tests.simulate.defects import DEFECTS, Defect, with_defect
from tradepost.cli.template import EMPTY_DATABASE
from tradepost.simulate.database import temporary_database
from tradepost.simulate.plan import Plan
from tradepost.simulate.run import Outcome, simulate
from tradepost.simulate.shorten import shorten

SEEDS, DAYS, BUYERS = (200, 365, 3) if sampling.SOAK else (20, 120, 1)
TOGETHER = 2
"""Number of seeds per test: small enough to distribute over workers."""


@pytest.fixture(autouse=True)
def market(django_db_blocker) -> Iterator[None]:
    """Run without the tests' own database."""
    with django_db_blocker.unblock(), temporary_database():
        yield


def run(plan: Plan) -> Outcome:
    return simulate(plan, template=EMPTY_DATABASE)


def small(seed: int, *, days: int = 25, faults: float = 0.3) -> Plan:
    return Plan(seed=seed, days=days, sellers=2, buyers=2, faults=faults)


def describe(outcome: Outcome) -> str:
    """Return a description for people who read a failed test."""
    plan = outcome.plan
    again = f"tradepost simulate --seed {plan.seed} --days {plan.days} --sellers {plan.sellers} --buyers {plan.buyers} --faults {plan.faults:g}"
    return "\n".join([again, f"at {outcome.at}", *map(str, outcome.violations)])


@pytest.mark.slow
@pytest.mark.timeout(3600 if sampling.SOAK else 900)
@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_every_rule_holds_in_every_market(first: int) -> None:
    """Issue 11, 3: 20 seeds of 120 days with faults, 200 seeds of 365 days in a soak."""
    for seed in range(first, first + TOGETHER):
        outcome = run(Plan(seed=seed, days=DAYS, sellers=2, buyers=BUYERS, faults=0.25))
        assert outcome.violations == [], describe(outcome)
        assert outcome.looks > DAYS
        assert outcome.orders
        assert outcome.calls


@pytest.mark.slow
def test_same_seed_has_the_same_result() -> None:
    first, second, other = run(small(3)), run(small(3)), run(small(4))
    assert (first.digest, first.lines) == (second.digest, second.lines)
    assert first.faults > 0
    assert other.digest != first.digest


@pytest.mark.slow
def test_fewer_acts_are_a_prefix_of_more() -> None:
    """So the shortest failing run is the start of the one that failed."""
    whole, part = run(small(3)), run(Plan(seed=3, days=25, sellers=2, buyers=2, faults=0.3, visits=6))
    assert part.visits == 6 < whole.visits
    apart = next(n for n, (one, other) in enumerate(zip(whole.lines, part.lines, strict=False)) if one != other)
    assert apart > 5


@pytest.mark.slow
def test_nothing_fails_without_faults() -> None:
    outcome = run(small(5, faults=0))
    assert (outcome.violations, outcome.faults) == ([], 0)
    assert not any("BROKEN" in line.words or "again" in line.words for line in outcome.lines)


@pytest.mark.slow
def test_failure_is_reduced_to_the_fewest_acts() -> None:
    """A seller that earns too little is detected at the first delivery whose price is not in whole yuan."""
    rounding = next(one for one in DEFECTS if "rounding" in one.name)
    with with_defect(rounding):
        failed = run(small(1, days=40))
        assert failed.failed, "the defect shows with this seed"
        shortest = shorten(failed, run)
        assert shortest.failed
        assert shortest.visits <= failed.visits
        assert shortest.violations[0].rule == "what is held is what was paid and has not begun"
        again = run(Plan(seed=1, days=40, sellers=2, buyers=2, faults=0.3, visits=shortest.visits))
        assert again.failed, "its visits are enough"
        if shortest.visits:
            fewer = run(Plan(seed=1, days=40, sellers=2, buyers=2, faults=0.3, visits=shortest.visits - 1))
            assert not fewer.failed, "and one less is not"
    assert not run(shortest.plan).failed, "without the defect it is well"


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.name)
def test_defect_applies_to_the_current_source(defect: Defect) -> None:
    """Few are tried in a run, so an outdated one would go unnoticed."""
    with with_defect(defect):
        pass


WITHIN = 50


@pytest.mark.slow
@pytest.mark.timeout(3600 if sampling.SOAK else 900)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.name)
def test_defect_is_found_within_fifty_seeds(defect: Defect) -> None:
    """Issue 11, 3. Seeds that are known to show it soon come first."""
    seeds = [defect.seed, *(seed for seed in range(WITHIN) if seed != defect.seed)][:WITHIN]
    with with_defect(defect):
        found = next(
            (seed for seed in seeds if run(Plan(seed=seed, days=60, sellers=2, buyers=3, faults=defect.faults)).failed),
            None,
        )
    assert found is not None
