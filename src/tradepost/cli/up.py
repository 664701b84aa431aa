"""``tradepost up``: a whole market on one machine in one command."""

from __future__ import annotations

import socket
import sys
import time
from http.client import HTTPConnection, HTTPException
from threading import Event
from typing import TYPE_CHECKING

from tradepost.cli import migrate, starting, terminal
from tradepost.cli.opening import open_market
from tradepost.cli.processes import POLL_INTERVAL, Processes, Program, signals
from tradepost.cli.serve import claim_port
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

START_TIMEOUT = 60.0
STOP_MARGIN = 10.0
"""Seconds in addition to the longest call for a worker to store the answer."""


def up(*, workers: int = 1, web_workers: int = 1) -> None:
    """Migrate, then run web and worker together until stopped.

    SIGTERM or Ctrl-C stops both; calls in flight are finished first.

    Parameters
    ----------
    workers
        Worker processes.
    web_workers
        Web processes.
    """
    config = open_market()
    claim_port(config)
    config.secrets()  # before the children, which would race to create it
    starting.check_before_migrating(config)
    migrate.apply(terminal.out())
    starting.begin(config)
    close_database()
    processes = Processes(terminal.warn)
    with signals() as (stop, hurry):
        try:
            processes.start(web(workers=web_workers))
            for number in range(max(workers, 1)):
                processes.start(worker(config, number))
            if wait_until_ready(config, processes, stop):
                terminal.print_line(f"Tradepost is running at {config.base_url}")
            processes.watch(stop)
            terminal.print_line("Stopping: calls in flight are finished first. Ctrl-C again to leave at once.")
        finally:
            processes.stop(stop_timeout(config), hurry=hurry)


def tradepost(*arguments: str) -> list[str]:
    """Return a command of this installation."""
    return [sys.executable, "-c", "from tradepost.cli import main; main()", *arguments]


def web(*, workers: int = 1) -> Program:
    return Program("web", tradepost("serve", "--workers", str(workers)))


def worker(config: Config, number: int = 0) -> Program:
    """Return a worker with a name that its successor also gets, which then takes over its work at once.

    The port makes the name unique among the markets of a machine.
    """
    name = f"{socket.gethostname()[:48]}-{config.port}-{number + 1}"
    return Program("worker" if number == 0 else f"worker {number + 1}", tradepost("worker", "--name", name))


def stop_timeout(config: Config) -> float:
    return config.production.seller_timeout_seconds + STOP_MARGIN


def wait_until_ready(config: Config, processes: Processes, stop: Event) -> bool:
    """Return True once the web process answers, False if stopped before. Raises ``Refused`` if it does not answer in
    time."""
    deadline = time.monotonic() + START_TIMEOUT
    while not stop.is_set():
        if is_answering(config):
            return True
        stop.wait(POLL_INTERVAL / 2)
        processes.look()
        if time.monotonic() > deadline:
            raise Refused("cli.no_answer", f"The web process did not answer within {START_TIMEOUT:g} seconds.")
    return False


def is_answering(config: Config, timeout: float = 2.0) -> bool:
    """Return whether a Tradepost answers on this machine at the configured host and port."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104  # asked, not bound
    connection = HTTPConnection(host, config.port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def close_database() -> None:
    from django.db import connections

    connections.close_all()
