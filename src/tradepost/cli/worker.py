"""``tradepost worker``: runs one worker process until it is stopped."""

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

RETRY_INTERVAL = 1.0
"""Seconds between two attempts to connect to an unreachable database."""


def worker(*, name: Annotated[str, Parameter(show_default=False)] = "") -> None:
    """Run one worker: calls to sellers, events, timers, mail. Any number may run, on several machines.

    The first SIGTERM or Ctrl-C lets calls in flight finish; a second one ends the worker at once, and another worker
    takes over its calls when the lease ends.

    Parameters
    ----------
    name
        Name in the console, unique among workers; by default host and process ID.
    """
    parent_death.end_with_parent()
    config = open_market(existing=True, any_mode=True)
    from tradepost.market.web import logs
    from tradepost.market.worker import run_worker

    logs.configure(form=config.log_format, level=config.log_level)
    with signals() as (stop, hurry):
        threading.Thread(target=_exit_when_hurried, args=(hurry,), daemon=True).start()
        if _check_market(config, stop):
            run_worker(stop, name=name or f"{socket.gethostname()[:48]}-{os.getpid()}")


def _check_market(config: Config, stop: threading.Event) -> bool:
    """Check the market, waiting for an unreachable database. Return False if stopped before. Raises ``Refused``."""
    import structlog
    from django.db import Error, connection

    while not stop.is_set():
        try:
            starting.begin(config)
        except Error as fault:
            if not starting.is_database_away(fault):
                raise
            structlog.get_logger(__name__).warning("waiting for the database", fault=str(fault))
        else:
            return True
        finally:
            connection.close()
        stop.wait(RETRY_INTERVAL)
    return False


def _exit_when_hurried(hurry: threading.Event) -> None:
    hurry.wait()
    os._exit(1)
