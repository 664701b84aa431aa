"""Runs sslyze as a program of its own: what strangers' servers answer is read by another process, which holds no secret.

It is told the IP address, so it asks no name server; it gets an empty environment, a folder to write into that goes with it,
and an end: of time, of output, and when the run is cancelled.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contract import CannotTest, Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .site import Site

WITHIN = 90.0
"""Seconds; a server that answers takes three."""
LARGEST = 8 * 1_048_576
COMMANDS = ("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3")
"""Handshakes alone. Commands that try a hole (Heartbleed, ROBOT, CCS) are left out: the report says so."""


def find(command: str) -> str:
    """The whole path of the program; empty when it is not installed."""
    return shutil.which(command) or "" if command else ""


def scan(site: Site, address: str, port: int) -> Mapping[str, Any]:
    """What it found, by its command. Raises ``CannotTest``; and whatever ``site.go_on`` raises, after ending it."""
    with tempfile.TemporaryDirectory(prefix="tradepost-sslyze-") as folder:
        out = Path(folder) / "result.json"
        target = f"{site.host}:{port}{{{address}}}"
        command = [
            site.sslyze,
            f"--json_out={out}",
            "--quiet",
            "--mozilla_config=disable",
            "--slow_connection",
            *COMMANDS,
            target,
        ]
        _run(command, site, Path(folder), out)
        return _read(out)


def _run(command: list[str], site: Site, folder: Path, out: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    try:
        running = subprocess.Popen(  # noqa: S603  # no shell; the host was checked when its domain was registered
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise CannotTest(Why.NO_SCANNER, type(error).__name__) from None
    until = time.monotonic() + min(WITHIN, max(1.0, site.left_seconds))
    try:
        while running.poll() is None:
            site.go_on()
            if time.monotonic() > until:
                raise CannotTest(Why.TIMEOUT)
            if _size(out) > LARGEST:
                raise CannotTest(Why.TOO_LARGE)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.1)
    finally:
        _end(running)


def _end(running: subprocess.Popen[bytes]) -> None:
    """With all that it began, while it runs."""
    if running.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read(out: Path) -> Mapping[str, Any]:
    if not 0 < _size(out) <= LARGEST:
        raise CannotTest(Why.SCANNER)
    try:
        whole = json.loads(out.read_bytes())
        [one] = whole["server_scan_results"]
        result = one["scan_result"]
    except (ValueError, KeyError, TypeError):
        raise CannotTest(Why.SCANNER) from None
    if one.get("scan_status") != "COMPLETED" or not isinstance(result, dict):
        raise CannotTest(Why.TLS)  # it could not shake hands at all
    return result
