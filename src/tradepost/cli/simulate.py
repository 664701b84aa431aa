"""``tradepost simulate``: a whole market in this process on a virtual clock, driven by a seed and checked by rules."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import require_market
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict

if TYPE_CHECKING:
    from tradepost.simulate.plan import Plan
    from tradepost.simulate.run import Outcome

MAX_DAYS, MAX_PEOPLE, MAX_RUNS = 3650, 50, 10_000
MAX_LINES = 40
"""Number of last lines of the affected service's history."""


def simulate(
    *,
    seed: int = 1,
    days: int = 120,
    sellers: int = 3,
    buyers: int = 4,
    faults: float = 0.2,
    runs: int = 1,
    visits: int | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Simulate a whole market with faults and check that its rules hold. Does not affect any real market.

    Kit sellers, buyers, operators and a worker run in this process on a virtual clock and a temporary database. The
    seed determines all actions and faults: lost answers, refusals, servers that are down, workers that die, repeated
    events. Each day the rules are checked: paid time, money, freezes, running operations, and each seller's own store. A
    failing run is repeated to find the fewest visits that still cause the failure. Ends with code 1 when a rule is
    violated.

    Parameters
    ----------
    seed
        The same seed with the same other options has the same result.
    days
        Duration of the simulation in days.
    sellers
        Number of sellers, with each protocol in turn.
    buyers
        Number of buyers.
    faults
        Share of exchanges and steps with faults, from 0 to 1.
    runs
        Number of seeds, starting at ``seed``; ends at the first failure.
    visits
        Number of first visits, as reported by a failing run.
    as_json
        Write one JSON object for a program instead of a summary.
    """
    _check(days=days, sellers=sellers, buyers=buyers, faults=faults, runs=runs, visits=visits)
    require_market()
    with _isolated_market():
        from tradepost.simulate.plan import Plan

        first_plan = Plan(seed=seed, days=days, sellers=sellers, buyers=buyers, faults=faults, visits=visits)
        outcomes = _run_all(first_plan, runs)
    if as_json:
        print(json.dumps(_as_json(outcomes), ensure_ascii=False, indent=2))
    else:
        _show(outcomes)
    return int(outcomes[-1].failed)


def _check(*, days: int, sellers: int, buyers: int, faults: float, runs: int, visits: int | None) -> None:
    for name, value, maximum in (
        ("days", days, MAX_DAYS),
        ("sellers", sellers, MAX_PEOPLE),
        ("buyers", buyers, MAX_PEOPLE),
        ("runs", runs, MAX_RUNS),
    ):
        if not 1 <= value <= maximum:
            raise Refused("simulate.range", f"--{name} is a number from 1 to {maximum}.")
    if not 0 <= faults <= 1:
        raise Refused("simulate.range", "--faults is a share from 0 to 1.")
    if visits is not None and visits < 0:
        raise Refused("simulate.range", "--visits is not below 0.")


@contextmanager
def _isolated_market() -> Iterator[None]:
    """Isolate the run from settings of this folder and environment, so that a seed always has the same result."""
    with tempfile.TemporaryDirectory(prefix="tradepost-simulate-") as folder:
        for name in [name for name in os.environ if name.startswith("TRADEPOST_")]:
            del os.environ[name]
        for name in ("DATABASE_URL", "PORT"):
            os.environ.pop(name, None)
        os.environ |= {
            "TRADEPOST_DATA": folder,
            "TRADEPOST_SANDBOX": "1",
            "TRADEPOST_SECRET_KEY": secrets.token_urlsafe(48),
        }
        before = Path.cwd()
        os.chdir(folder)  # contains no file .env
        try:
            from tradepost.cli.opening import open_market

            open_market(any_mode=True)  # its databases are deleted afterwards
            yield
        finally:
            os.chdir(before)


def _run_all(first_plan: Plan, runs: int) -> list[Outcome]:
    """Run each seed until one fails; the last outcome is then the shortest failing run."""
    from dataclasses import replace

    from tradepost.cli.template import EMPTY_DATABASE
    from tradepost.simulate.database import temporary_database
    from tradepost.simulate.run import simulate as run
    from tradepost.simulate.shorten import shorten

    outcomes = []
    with temporary_database():
        for seed in range(first_plan.seed, first_plan.seed + runs):
            outcomes.append(run(replace(first_plan, seed=seed), template=EMPTY_DATABASE))
            if outcomes[-1].failed:
                terminal.print_line(f"Seed {seed} fails: looking for the fewest visits after which it still does …")
                outcomes.append(shorten(outcomes[-1], lambda plan: run(plan, template=EMPTY_DATABASE)))
                break
    return outcomes


def _totals(outcomes: list[Outcome]) -> dict[str, int]:
    """Return the totals of all runs; for a failing seed, of the full and the shortest run."""
    names = ("visits", "orders", "calls", "events", "faults", "looks")
    return {name: sum(getattr(outcome, name) for outcome in outcomes) for name in names}


def _refusal_counts(outcomes: list[Outcome]) -> Counter[str]:
    return sum((outcome.refused for outcome in outcomes), Counter())


def _show(outcomes: list[Outcome]) -> None:
    from tradepost.simulate.agreement import AGREEMENTS
    from tradepost.simulate.rules import RULES

    console = terminal.out()
    sums, last_outcome = _totals(outcomes), outcomes[-1]
    seconds = sum(outcome.seconds for outcome in outcomes)
    plan = last_outcome.plan
    console.print(
        f"{len(outcomes)} {'run' if len(outcomes) == 1 else 'runs'} of {plan.days} days with {plan.sellers} sellers and {plan.buyers} buyers"
        f" in {seconds:.1f} s",
        highlight=False,
    )
    console.print(
        f"{sums['visits']} visits of people ({sum(_refusal_counts(outcomes).values())} refused), {sums['orders']} orders, {sums['calls']} calls to"
        f" sellers, {sums['events']} events, {sums['faults']} faults",
        highlight=False,
    )
    console.print(f"{len(RULES) + len(AGREEMENTS)} rules checked {sums['looks']} times", highlight=False)
    if not last_outcome.failed:
        console.print(f"All of them held. Digest of the last run: {last_outcome.digest}", highlight=False)
        return
    _show_failed(last_outcome)


def _show_failed(last_outcome: Outcome) -> None:
    console, plan = terminal.out(), last_outcome.plan
    console.print(
        f"\n[bold red]Seed {plan.seed} fails[/bold red] at {last_outcome.at:%Y-%m-%d %H:%M:%S} UTC:", highlight=False
    )
    for violation in last_outcome.violations:
        console.print(f"  {violation}", markup=False, highlight=False, soft_wrap=True)
    failed_service = next(
        (violation.subscription for violation in last_outcome.violations if violation.subscription is not None), None
    )
    lines = (
        [line for line in last_outcome.lines if line.at <= last_outcome.at] if last_outcome.at else last_outcome.lines
    )
    lines = [line for line in lines if failed_service is None or line.subscription == failed_service]
    console.print(
        f"\nWhat happened to {'it' if failed_service is None else f'service {failed_service}'}:", highlight=False
    )
    for line in lines[-MAX_LINES:]:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    command = (
        f"tradepost simulate --seed {plan.seed} --days {plan.days} --sellers {plan.sellers} --buyers {plan.buyers}"
        f" --faults {plan.faults:g} --visits {last_outcome.visits}"
    )
    console.print(f"\nThe shortest run that fails: {command}", markup=False, highlight=False, soft_wrap=True)


def _as_json(outcomes: list[Outcome]) -> dict[str, Any]:
    last_outcome = outcomes[-1]
    return {
        "plan": {name: value for name, value in as_dict(last_outcome.plan).items() if name != "watchful"},
        "runs": len(outcomes),
        "failed": last_outcome.failed,
        "digest": last_outcome.digest,
        **_totals(outcomes),
        "refused": dict(sorted(_refusal_counts(outcomes).items())),
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
        "at": last_outcome.at.isoformat() if last_outcome.at else None,
        "broken": [as_dict(violation) for violation in last_outcome.violations],
        "trace": [str(line) for line in last_outcome.lines] if last_outcome.failed else [],
    }
