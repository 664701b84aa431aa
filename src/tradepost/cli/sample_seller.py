"""Starts the sample seller's server for a demo: from ``examples/`` of a checkout, or the copy that a wheel carries."""

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
IN_A_CHECKOUT = "examples/sample_seller"
IN_A_WHEEL = "_sample_seller"
STARTS_WITHIN = 30.0
REPORTS_EVERY = "2"
"""Seconds of real time; it hurries while the clock of the demo is moved."""
SIGN_INS = "400"
"""An hour, as if people used what was bought on demand."""


def choose_port(before: int) -> int:
    """The port of the last start when it is free, so that the market's address of the seller stays."""
    return before if before and port_is_free(HOST, before) else free_port()


def address(port: int) -> str:
    """Its production address."""
    return f"http://{HOST}:{port}/produce"


def wait_for(port: int, stopped: Callable[[], bool]) -> bool:
    """Whether it listens, within half a minute; False when told to stop before."""
    end = time.monotonic() + STARTS_WITHIN
    while not stopped() and time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def program(
    port: int, *, market: str, keys: tuple[str, str, str], data: Path, log: Path, wave: int, silent_while: Path
) -> Program:
    """``keys``: the signing key of the base interfaces, the access key and its secret key. ``silent_while``: it answers nobody
    while this file exists."""
    key, access_key, secret_key = keys
    arguments = {
        "--port": str(port),
        "--data": str(data),
        "--market": market,
        "--public-url": f"http://{HOST}:{port}",
        "--report-every": REPORTS_EVERY,
        "--pretend": SIGN_INS,
        "--silent-while": str(silent_while),
    }
    command = [sys.executable, "-m", "tradepost.cli.parent_death", str(_where())]
    return Program(
        "seller",
        [*command, *(part for pair in arguments.items() for part in pair)],
        # Arguments show in the list of processes, so secrets go by the environment.
        env={"SELLER_KEY": key, "SELLER_AK": access_key, "SELLER_SK": secret_key},
        log=log,
        wave=wave,
    )


def _where() -> Path:
    """The folder to run."""
    package = Path(tradepost.__file__).resolve().parent
    for folder in (package.parents[1] / IN_A_CHECKOUT, package / IN_A_WHEEL):
        if (folder / "__main__.py").exists():
            return folder
    raise Refused(
        "cli.no_sample_seller", "The sample seller is missing from this installation: install Tradepost again."
    )
