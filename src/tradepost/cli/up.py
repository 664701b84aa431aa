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
from tradepost.cli.processes import LOOK_EVERY, Processes, Program, signals
from tradepost.cli.serve import claim_port
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

START_WITHIN = 60.0
AFTER_LAST_CALL = 10.0
"""Seconds beyond the longest call that a worker gets to record what came back."""


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
    config.secrets()  # made before the children would race for it
    starting.check_before_migrating(config)
    migrate.apply(terminal.out())
    starting.begin(config)
    let_go_of_the_database()
    processes = Processes(terminal.warn)
    with signals() as (stop, hurry):
        try:
            processes.start(web(workers=web_workers))
            for number in range(max(workers, 1)):
                processes.start(worker(config, number))
            if wait_until_it_answers(config, processes, stop):
                terminal.say(f"Tradepost is running at {config.base_url}")
            processes.watch(stop)
            terminal.say("Stopping: calls in flight are finished first. Ctrl-C again to leave at once.")
        finally:
            processes.stop(stop_within(config), hurry=hurry)


def tradepost(*arguments: str) -> list[str]:
    """The command line of this very installation."""
    return [sys.executable, "-c", "from tradepost.cli import main; main()", *arguments]


def web(*, workers: int = 1) -> Program:
    return Program("web", tradepost("serve", "--workers", str(workers)))


def worker(config: Config, number: int = 0) -> Program:
    """A worker under a name that its successor gets too, which then takes over at once what this one leaves behind.

    The port makes the name this command's own among those of one machine.
    """
    name = f"{socket.gethostname()[:48]}-{config.port}-{number + 1}"
    return Program("worker" if number == 0 else f"worker {number + 1}", tradepost("worker", "--name", name))


def stop_within(config: Config) -> float:
    return config.seller_timeout_seconds + AFTER_LAST_CALL


def wait_until_it_answers(config: Config, processes: Processes, stop: Event) -> bool:
    """True once the web process answers; False when told to stop before. Raises ``Refused`` when it never does."""
    deadline = time.monotonic() + START_WITHIN
    while not stop.is_set():
        if answers(config):
            return True
        stop.wait(LOOK_EVERY / 2)
        processes.look()
        if time.monotonic() > deadline:
            raise Refused("cli.no_answer", f"The web process did not answer within {START_WITHIN:g} seconds.")
    return False


def answers(config: Config, timeout: float = 2.0) -> bool:
    """Does a Tradepost answer on this machine at the configured host and port?"""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104  # asked, not bound
    connection = HTTPConnection(host, config.port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def let_go_of_the_database() -> None:
    from django.db import connections

    connections.close_all()
