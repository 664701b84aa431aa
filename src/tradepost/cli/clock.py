"""``tradepost clock``: shows a market's time; moves a sandbox's forward so that months of due work run in seconds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from cyclopts import App

from tradepost.cli import durations, terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

app = App(name="clock", help="Show a market's clock, or move a sandbox's forward.")

MAX_WORKER_SILENCE = timedelta(seconds=10)
"""Real time after which a worker without a sign of life is treated as dead."""
POLL_INTERVAL = 0.2
STUCK_TIMEOUT = 60.0
"""Seconds without progress, in addition to the longest call to a seller, after which waiting ends."""


@app.default
def show() -> None:
    """Show the market's time and how far it is ahead of real time."""
    config = open_market(follow_demo=True, existing=True)
    from tradepost.market.base import clock

    console = terminal.out()
    now, ahead = clock.now(), clock.now() - clock.wall()
    console.print(f"Market time  {_format_time(now)}")
    if not config.sandbox:
        console.print("A real market: its clock is real time and cannot be moved.")
        return
    console.print(f"Ahead by     {durations.as_text(ahead) if ahead >= timedelta(seconds=1) else 'nothing'}")
    target = clock.target()
    if target is not None:
        console.print(f"Moving to    {_format_time(target)} ({durations.as_text(target - now)} to go)")


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
    with recorded_act("clock advance", distance=distance) as act:
        goal = clock.set_target(span)
        act.done()
    if not _is_worker_alive():
        clock.jump(goal)
        terminal.print_line(
            f"No worker is running, so the clock was set at once. It is now {_format_time(clock.now())}."
        )
        return
    if _wait(start, goal, patience=config.production.seller_timeout_seconds + STUCK_TIMEOUT):
        terminal.print_line(f"It is now {_format_time(clock.now())}.")
    else:
        clock.jump(goal)
        terminal.print_line(
            f"The worker stopped on the way, so the rest was set at once. It is now {_format_time(clock.now())}; "
            "what came due meanwhile runs when a worker starts."
        )


def _wait(start: datetime, goal: datetime, *, patience: float) -> bool:
    """Show the clock's progress until it reaches the goal. Return False if the last worker died.

    Raises ``Refused`` if a worker lives but did not move the clock for ``patience`` seconds.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from tradepost.market.base import clock

    total = (goal - start).total_seconds()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err(), transient=True) as progress:
        task = progress.add_task(_format_time(start), total=total)
        offset, moved = clock.now() - clock.wall(), time.monotonic()
        while True:
            now, target = clock.now(), clock.target()
            if now - clock.wall() - offset > MAX_WORKER_SILENCE:
                offset, moved = now - clock.wall(), time.monotonic()
            progress.update(task, completed=min((now - start).total_seconds(), total), description=_format_time(now))
            # Another command may have set a later target; this goal is reached all the same.
            if now >= goal or target is None:
                return True
            if not _is_worker_alive():
                return False
            if time.monotonic() - moved > patience:
                raise Refused(
                    "clock.stuck",
                    f"The clock stands at {_format_time(now)}: the worker does not get its due work done. "
                    "Look at its log and at the engine page of the console; it goes on from there by itself.",
                )
            time.sleep(POLL_INTERVAL)


def _is_worker_alive() -> bool:
    from tradepost.market.base import clock
    from tradepost.market.base.models import WorkerProcess

    return WorkerProcess.objects.filter(seen_at__gte=clock.wall() - MAX_WORKER_SILENCE).exists()


def _format_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
