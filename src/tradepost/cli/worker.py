"""``tradepost worker``: one worker process, until it is told to stop."""

from __future__ import annotations

import os
import socket
import threading
from typing import Annotated

from cyclopts import Parameter

from tradepost.cli import parent_death
from tradepost.cli.opening import open_market
from tradepost.cli.processes import signals


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
    config = open_market(existing=True)
    from tradepost.market.web import logs
    from tradepost.market.worker import run_worker

    logs.configure(form=config.log_format, level=config.log_level)
    _check()
    with signals() as (stop, hurry):
        threading.Thread(target=_leave_at_once, args=(hurry,), daemon=True).start()
        run_worker(stop, name=name or f"{socket.gethostname()[:48]}-{os.getpid()}")


def _check() -> None:
    """Refuse what would fail with every order. A database that is away is no reason: the engine waits for it."""
    from django.db import InterfaceError, OperationalError, connection

    from tradepost.cli.sealed import must_open

    try:
        must_open()
    except (InterfaceError, OperationalError) as fault:
        if "no such table" in str(fault):
            raise
    finally:
        connection.close()


def _leave_at_once(hurry: threading.Event) -> None:
    hurry.wait()
    os._exit(1)
