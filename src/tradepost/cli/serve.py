"""``tradepost serve``: the web server, Granian, on loopback by default."""

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
"""Maximum open connections of a process, most of them idle."""
FINISH_TIMEOUT = 15
"""Seconds for requests in progress when the server stops."""


def serve(*, workers: int = 1, threads: int = 0) -> None:
    """Run only the web server.

    Parameters
    ----------
    workers
        Number of processes; one per core is sufficient.
    threads
        Concurrent requests of a process; each may use a database connection. 0 means 16.
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
        os.register_at_fork(before=_block_signals, after_in_parent=_unblock_signals, after_in_child=_restore_signals)
    Granian(
        "tradepost.market.rsgi:application",
        address=config.host,
        port=config.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # the protocol of proxies; HTTP/2 and websockets would need separate limits
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * connections.HEAD_TIMEOUT, max_buffer_size=connections.MAX_HEAD_BYTES
        ),
        workers=max(workers, 1),
        backpressure=CONNECTIONS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=FINISH_TIMEOUT,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
    ).serve()


def _check(config: Config) -> None:
    """Refuse a market that must not run. If its database is unreachable, ``web/start_gate`` checks before the first
    request."""
    import structlog
    from django.db import Error, connections

    try:
        starting.begin(config)
    except Error as fault:
        if not starting.is_database_away(fault):
            raise
        structlog.get_logger(__name__).warning("the database is away", fault=str(fault))
    finally:
        connections.close_all()  # before the workers are forked


STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _block_signals() -> None:
    """Block signals between the fork and ``_restore_signals``; a handler that no longer exists would receive and lose
    them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def _unblock_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _restore_signals() -> None:
    """Reset the handlers in a forked worker: its parent's handlers only record a signal, so a stop during loading would
    be ignored."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _unblock_signals()


def _allow_connections(number: int) -> None:
    """Raise the limit of open files as far as permitted, since each connection is a file."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    required_files = number + 1000
    if soft != resource.RLIM_INFINITY and soft < required_files:
        limit = required_files if hard == resource.RLIM_INFINITY else min(required_files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


class Intended(logging.Filter):
    """Drops Granian's advice about many threads, which mostly wait here."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return "allows spawning up to" not in str(record.msg)


# Its messages go to the root logger, which web/logs.py configures.
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
    """Refuse with an explanation if the address cannot be used, before anything is started."""
    if reason := _cannot_listen(config.host, config.port):
        raise Refused("cli.port_taken", reason)


def port_is_free(host: str, port: int) -> bool:
    return not _cannot_listen(host, port)


def _cannot_listen(host: str, port: int) -> str:
    """Return why the address cannot be used, with a remedy; empty if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a recently closed address is free
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
