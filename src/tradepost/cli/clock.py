"""``tradepost clock``: shows a market's time; moves a sandbox's forward so that months of due work run in seconds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from cyclopts import App

from tradepost.cli import durations, terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import acting
from tradepost.market.base.errors import Refused

app = App(name="clock", help="Show a market's clock, or move a sandbox's forward.")

ALIVE = timedelta(seconds=10)
"""A worker that has not been seen for this long, in real time, is taken for dead."""
LOOK_EVERY = 0.2
STUCK_AFTER = 60.0
"""Seconds without progress, beyond the longest call to a seller, after which waiting is given up."""


@app.default
def show() -> None:
    """Show the market's time and how far it is ahead of real time."""
    config = open_market(follow_demo=True, existing=True)
    from tradepost.market.base import clock

    console = terminal.out()
    now, ahead = clock.now(), clock.now() - clock.wall()
    console.print(f"Market time  {_written(now)}")
    if not config.sandbox:
        console.print("A real market: its clock is real time and cannot be moved.")
        return
    console.print(f"Ahead by     {durations.words(ahead) if ahead >= timedelta(seconds=1) else 'nothing'}")
    target = clock.target()
    if target is not None:
        console.print(f"Moving to    {_written(target)} ({durations.words(target - now)} to go)")


@app.command
def advance(distance: str) -> None:
    """Move a sandbox's clock forward; all due work on the way runs in order.

    Parameters
    ----------
    distance
        How far: 90s, 15m, 4h, 30d, 2w, 1y, or several together, such as 1d12h.
    """
    span = durations.parse(distance)
    config = open_market(follow_demo=True, existing=True)
    from tradepost.market.base import clock

    start = clock.now()
    with acting("clock advance", distance=distance) as act:
        goal = clock.aim(span)
        act.done()
    if not _worker_lives():
        clock.jump(goal)
        terminal.say(f"No worker is running, so the clock was set at once. It is now {_written(clock.now())}.")
        return
    if _wait(start, goal, patience=config.seller_timeout_seconds + STUCK_AFTER):
        terminal.say(f"It is now {_written(clock.now())}.")
    else:
        clock.jump(goal)
        terminal.say(
            f"The worker stopped on the way, so the rest was set at once. It is now {_written(clock.now())}; "
            "what came due meanwhile runs when a worker starts."
        )


def _wait(start: datetime, goal: datetime, *, patience: float) -> bool:
    """Show how far the clock came until it is there. False when the last worker died on the way.

    Raises ``Refused`` when a worker lives but did not move the clock for ``patience`` seconds.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from tradepost.market.base import clock

    whole = (goal - start).total_seconds()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err(), transient=True) as progress:
        task = progress.add_task(_written(start), total=whole)
        offset, moved = clock.now() - clock.wall(), time.monotonic()
        while True:
            now, target = clock.now(), clock.target()
            if now - clock.wall() - offset > ALIVE:
                offset, moved = now - clock.wall(), time.monotonic()
            progress.update(task, completed=min((now - start).total_seconds(), whole), description=_written(now))
            # Someone may have aimed further meanwhile: then target stays set although ours is reached.
            if now >= goal or target is None:
                return True
            if not _worker_lives():
                return False
            if time.monotonic() - moved > patience:
                raise Refused(
                    "clock.stuck",
                    f"The clock stands at {_written(now)}: the worker does not get its due work done. "
                    "Look at its log and at the engine page of the console; it goes on from there by itself.",
                )
            time.sleep(LOOK_EVERY)


def _worker_lives() -> bool:
    from tradepost.market.base import clock
    from tradepost.market.base.models import WorkerProcess

    return WorkerProcess.objects.filter(seen_at__gte=clock.wall() - ALIVE).exists()


def _written(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
