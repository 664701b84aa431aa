"""``tradepost serve``: the web server, Granian, on loopback unless settings say otherwise."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, override

from tradepost.cli import parent_death, starting
from tradepost.cli.opening import open_market, read_config
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

CONNECTIONS = 8192
"""Open connections of a process, most of them idle."""
FINISH_WITHIN = 15
"""Seconds that requests under way get when the server stops."""


def serve(*, workers: int = 1, threads: int = 0) -> None:
    """Run the web server alone.

    Parameters
    ----------
    workers
        Processes that answer requests; one a core is plenty.
    threads
        Requests that one process answers at a time; each may hold a database connection. 0 means 16.
    """
    parent_death.end_with_parent()
    claim_port(read_config())
    beside = starting.starts_beside()
    config = open_market(existing=not beside, any_mode=True)
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from tradepost.market.web import connections, logs, request_buffering

    logs.configure(form=config.log_format, level=config.log_level)
    if not beside:
        _check(config)
    os.environ[request_buffering.THREADS] = str(threads)
    _allow_connections(CONNECTIONS)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hear_later, after_in_parent=_hear, after_in_child=_may_be_stopped)
    Granian(
        "tradepost.market.rsgi:application",
        address=config.host,
        port=config.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # what proxies speak; HTTP/2 and websockets would need limits of their own
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * connections.HEAD_WITHIN, max_buffer_size=connections.LARGEST_HEAD
        ),
        workers=max(workers, 1),
        backpressure=CONNECTIONS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=FINISH_WITHIN,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
    ).serve()


def _check(config: Config) -> None:
    """Refuse a market that must not run. When its database is away, ``web/start_gate`` checks before the first request."""
    import structlog
    from django.db import Error, connections

    try:
        starting.begin(config)
    except Error as fault:
        if not starting.is_away(fault):
            raise
        structlog.get_logger(__name__).warning("the database is away", fault=str(fault))
    finally:
        connections.close_all()  # before the workers are forked


STOPS = (signal.SIGTERM, signal.SIGINT)


def _hear_later() -> None:
    """A signal that came between the fork and ``_may_be_stopped`` would be noted by a handler that is gone then, and lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def _hear() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _may_be_stopped() -> None:
    """A forked worker has the handlers of its parent, which only note a signal, until it has loaded and sets its own: told
    to stop before, it would go on until it is killed."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    _hear()


def _allow_connections(number: int) -> None:
    """As far as this machine lets us: each is a file to it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Intended(logging.Filter):
    """Drops Granian's advice about many threads: ours only wait."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return "allows spawning up to" not in str(record.msg)


# Its messages go where ours go: to the root logger, which web/logs.py has set up.
GRANIAN_LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {},
    "formatters": {},
    "filters": {"intended": {"()": "tradepost.cli.serve.Intended"}},
    "loggers": {
        name: {"handlers": [], "propagate": True, "filters": ["intended"]} for name in ("_granian", "granian.access")
    },
}


def claim_port(config: Config) -> None:
    """Refuse in words when the address cannot be listened on, before anything is started."""
    if why := _cannot_listen(config.host, config.port):
        raise Refused("cli.port_taken", why)


def port_is_free(host: str, port: int) -> bool:
    return not _cannot_listen(host, port)


def _cannot_listen(host: str, port: int) -> str:
    """Why not, and what to do; empty when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just left counts as free
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                return f"Port {port} on {host} is taken. Set PORT to another one."
            if fault.errno == errno.EACCES:
                return f"Port {port} on {host} is not allowed for this user. Set PORT to one from 1024 on."
            return f"{host} is no address of this machine ({fault.strerror}). Correct TRADEPOST_HOST."
    return ""


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
