"""Run sslyze as a separate process without secrets, which parses the responses of untrusted servers.

It receives the IP address, so it queries no name server. It has an empty environment, a temporary folder for its
output, and limits of time and output; it also ends if the run is cancelled."""

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

from .contract import CannotTest, UntestedReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .site import Site

TIMEOUT = 90.0
"""Timeout in seconds; a responding server takes three."""
MAX_OUTPUT_BYTES = 8 * 1_048_576
COMMANDS = ("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3")
"""Handshakes only. Commands that test vulnerabilities (Heartbleed, ROBOT, CCS) are left out, which the report
states."""


def find_program(command: str) -> str:
    """Return the absolute path of the program; empty if it is not installed."""
    return shutil.which(command) or "" if command else ""


def scan(site: Site, address: str, port: int) -> Mapping[str, Any]:
    """Return the result of sslyze by command. Raises ``CannotTest``, and the exception of ``site.go_on`` after ending
    the process."""
    with tempfile.TemporaryDirectory(prefix="tradepost-sslyze-") as folder:
        output_path = Path(folder) / "result.json"
        target = f"{site.host}:{port}{{{address}}}"
        command = [
            site.sslyze,
            f"--json_out={output_path}",
            "--quiet",
            "--mozilla_config=disable",
            "--slow_connection",
            *COMMANDS,
            target,
        ]
        _run(command, site, Path(folder), output_path)
        return _read(output_path)


def _run(command: list[str], site: Site, folder: Path, output_path: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; the host was validated when its domain was registered
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise CannotTest(UntestedReason.NO_SCANNER, type(error).__name__) from None
    deadline = time.monotonic() + min(TIMEOUT, max(1.0, site.left_seconds))
    try:
        while process.poll() is None:
            site.go_on()
            if time.monotonic() > deadline:
                raise CannotTest(UntestedReason.TIMEOUT)
            if _file_size(output_path) > MAX_OUTPUT_BYTES:
                raise CannotTest(UntestedReason.TOO_LARGE)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
    finally:
        _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read(output_path: Path) -> Mapping[str, Any]:
    if not 0 < _file_size(output_path) <= MAX_OUTPUT_BYTES:
        raise CannotTest(UntestedReason.SCANNER)
    try:
        report = json.loads(output_path.read_bytes())
        [server_result] = report["server_scan_results"]
        result = server_result["scan_result"]
    except (ValueError, KeyError, TypeError):
        raise CannotTest(UntestedReason.SCANNER) from None
    if server_result.get("scan_status") != "COMPLETED" or not isinstance(result, dict):
        raise CannotTest(UntestedReason.TLS)  # no handshake was possible
    return result
