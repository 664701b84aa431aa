"""``tradepost worker``: one worker process, until it is told to stop."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tradepost.cli import parent_death, starting
from tradepost.cli.opening import open_market
from tradepost.cli.processes import signals

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

TRY_EVERY = 1.0
"""Seconds between two tries to reach a database that is away."""


def worker(*, name: Annotated[str, Parameter(show_default=False)] = "") -> None:
    """Run one worker alone: calls to sellers, events, timers, mail. Any number may run, on any number of machines.

    The first SIGTERM or Ctrl-C lets calls in flight finish; a second one leaves at once, and what was in flight is
    taken over by another worker when its lease ends.

    Parameters
    ----------
    name
        How the console names it; must differ between workers. Host and process id when not given.
    """
    parent_death.end_with_parent()
    config = open_market(existing=True, any_mode=True)
    from tradepost.market.web import logs
    from tradepost.market.worker import run_worker

    logs.configure(form=config.log_format, level=config.log_level)
    with signals() as (stop, hurry):
        threading.Thread(target=_leave_at_once, args=(hurry,), daemon=True).start()
        if _checked(config, stop):
            run_worker(stop, name=name or f"{socket.gethostname()[:48]}-{os.getpid()}")


def _checked(config: Config, stop: threading.Event) -> bool:
    """Check the market, waiting for a database that is away; False when told to stop before. Raises ``Refused``."""
    import structlog
    from django.db import Error, connection

    while not stop.is_set():
        try:
            starting.begin(config)
        except Error as fault:
            if not starting.is_away(fault):
                raise
            structlog.get_logger(__name__).warning("waiting for the database", fault=str(fault))
        else:
            return True
        finally:
            connection.close()
        stop.wait(TRY_EVERY)
    return False


def _leave_at_once(hurry: threading.Event) -> None:
    hurry.wait()
    os._exit(1)
