"""``tradepost simulate``: a whole market in this process, on a clock of its own, that a seed drives and rules judge."""

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
from tradepost.cli.opening import need_market
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict

if TYPE_CHECKING:
    from tradepost.simulate.plan import Plan
    from tradepost.simulate.run import Outcome

MOST_DAYS, MOST_PEOPLE, MOST_RUNS = 3650, 50, 10_000
LINES = 40
"""Of the history of the service concerned: the last ones."""


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
    """Simulate a whole market and check that its rules hold, whatever goes wrong. Touches no market that there is.

    Kit sellers, buyers, operators and a worker run in this process on a virtual clock and a throw-away database; the seed decides
    who does what and what fails: lost answers, refusals, servers that are down, workers that die, events that are told twice.
    Each day the rules are checked: paid time, money, freezes, what is under way, and each seller's own store. A run that fails is
    run again to find the fewest visits after which it still does. Ends with code 1 when a rule did not hold.

    Parameters
    ----------
    seed
        The same seed with the same other choices comes out the same.
    days
        How long the market lives.
    sellers
        How many companies sell, over each protocol in turn.
    buyers
        How many people buy.
    faults
        The share of exchanges and steps that go wrong, from 0 to 1.
    runs
        Simulate so many seeds, from ``seed`` on, until one fails.
    visits
        Only the first so many visits of people, as a failing run names them.
    as_json
        Write one JSON object for a program instead of a summary.
    """
    _check(days=days, sellers=sellers, buyers=buyers, faults=faults, runs=runs, visits=visits)
    need_market()
    with _market_of_our_own():
        from tradepost.simulate.plan import Plan

        first = Plan(seed=seed, days=days, sellers=sellers, buyers=buyers, faults=faults, visits=visits)
        told = _run_all(first, runs)
    if as_json:
        print(json.dumps(_as_json(told), ensure_ascii=False, indent=2))
    else:
        _show(told)
    return int(told[-1].failed)


def _check(*, days: int, sellers: int, buyers: int, faults: float, runs: int, visits: int | None) -> None:
    for name, value, most in (
        ("days", days, MOST_DAYS),
        ("sellers", sellers, MOST_PEOPLE),
        ("buyers", buyers, MOST_PEOPLE),
        ("runs", runs, MOST_RUNS),
    ):
        if not 1 <= value <= most:
            raise Refused("simulate.range", f"--{name} is a number from 1 to {most}.")
    if not 0 <= faults <= 1:
        raise Refused("simulate.range", "--faults is a share from 0 to 1.")
    if visits is not None and visits < 0:
        raise Refused("simulate.range", "--visits is not below 0.")


@contextmanager
def _market_of_our_own() -> Iterator[None]:
    """The settings of no market: those of this folder or environment neither matter nor are touched, so that a seed comes out the
    same everywhere."""
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
        os.chdir(folder)  # where no file .env is
        try:
            from tradepost.cli.opening import open_market

            open_market(any_mode=True)  # its databases are thrown away
            yield
        finally:
            os.chdir(before)


def _run_all(first: Plan, runs: int) -> list[Outcome]:
    """Each seed in turn, until one fails; the last of the list is then the shortest run that does."""
    from dataclasses import replace

    from tradepost.cli.template import EMPTY
    from tradepost.simulate.database import throw_away
    from tradepost.simulate.run import simulate as run
    from tradepost.simulate.shorten import shorten

    told = []
    with throw_away():
        for seed in range(first.seed, first.seed + runs):
            told.append(run(replace(first, seed=seed), template=EMPTY))
            if told[-1].failed:
                terminal.say(f"Seed {seed} fails: looking for the fewest visits after which it still does …")
                told.append(shorten(told[-1], lambda plan: run(plan, template=EMPTY)))
                break
    return told


def _all(told: list[Outcome]) -> dict[str, int]:
    """What the runs came to in all; of a failing seed both the whole and the shortest run."""
    names = ("visits", "orders", "calls", "events", "faults", "looks")
    return {name: sum(getattr(one, name) for one in told) for name in names}


def _refused(told: list[Outcome]) -> Counter[str]:
    return sum((one.refused for one in told), Counter())


def _show(told: list[Outcome]) -> None:
    from tradepost.simulate.agreement import AGREEMENTS
    from tradepost.simulate.rules import RULES

    console = terminal.out()
    sums, last = _all(told), told[-1]
    seconds = sum(one.seconds for one in told)
    plan = last.plan
    console.print(
        f"{len(told)} {'run' if len(told) == 1 else 'runs'} of {plan.days} days with {plan.sellers} sellers and {plan.buyers} buyers"
        f" in {seconds:.1f} s",
        highlight=False,
    )
    console.print(
        f"{sums['visits']} visits of people ({sum(_refused(told).values())} refused), {sums['orders']} orders, {sums['calls']} calls to"
        f" sellers, {sums['events']} events, {sums['faults']} faults",
        highlight=False,
    )
    console.print(f"{len(RULES) + len(AGREEMENTS)} rules checked {sums['looks']} times", highlight=False)
    if not last.failed:
        console.print(f"All of them held. Digest of the last run: {last.digest}", highlight=False)
        return
    _show_failed(last)


def _show_failed(last: Outcome) -> None:
    console, plan = terminal.out(), last.plan
    console.print(f"\n[bold red]Seed {plan.seed} fails[/bold red] at {last.at:%Y-%m-%d %H:%M:%S} UTC:", highlight=False)
    for one in last.broken:
        console.print(f"  {one}", markup=False, highlight=False, soft_wrap=True)
    about = next((one.subscription for one in last.broken if one.subscription is not None), None)
    lines = [line for line in last.lines if line.at <= last.at] if last.at else last.lines
    lines = [line for line in lines if about is None or line.subscription == about]
    console.print(f"\nWhat happened to {'it' if about is None else f'service {about}'}:", highlight=False)
    for line in lines[-LINES:]:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    again = (
        f"tradepost simulate --seed {plan.seed} --days {plan.days} --sellers {plan.sellers} --buyers {plan.buyers}"
        f" --faults {plan.faults:g} --visits {last.visits}"
    )
    console.print(f"\nThe shortest run that fails: {again}", markup=False, highlight=False, soft_wrap=True)


def _as_json(told: list[Outcome]) -> dict[str, Any]:
    last = told[-1]
    return {
        "plan": {name: value for name, value in as_dict(last.plan).items() if name != "watchful"},
        "runs": len(told),
        "failed": last.failed,
        "digest": last.digest,
        **_all(told),
        "refused": dict(sorted(_refused(told).items())),
        "seconds": round(sum(one.seconds for one in told), 3),
        "at": last.at.isoformat() if last.at else None,
        "broken": [as_dict(one) for one in last.broken],
        "trace": [str(line) for line in last.lines] if last.failed else [],
    }
