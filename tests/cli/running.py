"""Processes that a test started: whether they run, their children, and their output."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.request import urlopen

from tests.cli import command_line
from tests.waiting import until

WITHIN = 60.0
"""Seconds in which a process must end or do what a test waits for."""


def alive(pid: int) -> bool:
    # A zombie counts as dead: its parent may never reap it.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition, *, within: float = WITHIN) -> None:
    until(condition, within=within)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without saying {words!r}: {said}")


def family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    parents = {}
    for entry in (path.name for path in Path("/proc").iterdir()):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
                parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def command_of(pid: int) -> str:
    """Return its command line; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def get(url: str) -> tuple[int, str]:
    with urlopen(url, timeout=command_line.WITHIN) as response:
        return response.status, response.read().decode()
