"""Starts the sample seller's server for a demo: from ``examples/`` of a checkout, or the copy in a wheel."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import tradepost
from tradepost.cli.processes import Program
from tradepost.cli.serve import free_port, port_is_free
from tradepost.market.base.errors import Refused

HOST = "127.0.0.1"
CHECKOUT_FOLDER = "examples/sample_seller"
WHEEL_FOLDER = "_sample_seller"
START_TIMEOUT = 30.0
REPORT_INTERVAL = "2"
"""Seconds of real time; it reports more often while the demo's clock is moved."""
SIGN_INS = "400"
"""Simulated uses of on-demand services per hour."""


def choose_port(last_port: int) -> int:
    """Return the port of the last start if it is free, so that the seller's registered address stays valid."""
    return last_port if last_port and port_is_free(HOST, last_port) else free_port()


def address(port: int) -> str:
    """Return the production address."""
    return f"http://{HOST}:{port}/produce"


def wait_for(port: int, stopped: Callable[[], bool]) -> bool:
    """Wait up to half a minute until it listens; return False if stopped before."""
    end = time.monotonic() + START_TIMEOUT
    while not stopped() and time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def program(
    port: int, *, market: str, keys: tuple[str, str, str], data: Path, log: Path, wave: int, silent_while: Path
) -> Program:
    """Return the program. ``keys``: the signing key of the base interfaces, the access key and its secret key.
    ``silent_while``: the seller does not answer while this file exists."""
    key, access_key, secret_key = keys
    arguments = {
        "--port": str(port),
        "--data": str(data),
        "--market": market,
        "--public-url": f"http://{HOST}:{port}",
        "--report-every": REPORT_INTERVAL,
        "--pretend": SIGN_INS,
        "--silent-while": str(silent_while),
    }
    command = [sys.executable, "-m", "tradepost.cli.parent_death", str(_find_folder())]
    return Program(
        "seller",
        [*command, *(part for pair in arguments.items() for part in pair)],
        # Arguments are visible in the list of processes, so secrets are passed in the environment.
        env={"SELLER_KEY": key, "SELLER_AK": access_key, "SELLER_SK": secret_key},
        log=log,
        wave=wave,
    )


def _find_folder() -> Path:
    """Return the folder to run."""
    package = Path(tradepost.__file__).resolve().parent
    for folder in (package.parents[1] / CHECKOUT_FOLDER, package / WHEEL_FOLDER):
        if (folder / "__main__.py").exists():
            return folder
    raise Refused(
        "cli.no_sample_seller", "The sample seller is missing from this installation: install Tradepost again."
    )
