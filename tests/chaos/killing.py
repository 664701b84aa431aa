"""A market that ``tradepost up`` keeps running, and kills of its processes at chosen moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import waiting

UP = "from tradepost.cli import main; main()"


class Killer:
    """Kill one of the processes that ``tradepost up`` runs: the server, one of its workers, or the worker of the
    market."""

    def __init__(self, up: subprocess.Popen[bytes], chance: random.Random) -> None:
        self._up, self._chance = up, chance
        self._turn: list[str] = []
        self.killed: defaultdict[str, int] = defaultdict(int)

    def kill(self) -> None:
        """Kill the kinds of processes in turn, so that few kills reach all."""
        if not self._turn:
            self._turn = self._chance.sample(["web", "answering", "worker"], 3)
        kind = self._turn.pop()
        found = self._wait_for(kind)
        os.kill(found, signal.SIGKILL)
        self.killed[kind] += 1

    def _wait_for(self, kind: str) -> int:
        """Return a running process of this kind. The market restarts what was killed before."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._up.poll() is None, "the market gave up"
            if found := self._family()[kind]:
                return self._chance.choice(found)
            time.sleep(0.05)
        raise AssertionError(f"no {kind} is there")

    def _family(self) -> dict[str, list[int]]:
        children = _children(self._up.pid)
        web = [pid for pid in children if "serve" in command_of(pid)]
        worker = [pid for pid in children if "worker" in command_of(pid)]
        answering = [pid for one in web for pid in _children(one)]
        return {"web": web, "answering": answering, "worker": worker}


def _children(pid: int) -> list[int]:
    """Return the running children. A killed process remains a zombie until its parent reaps it."""
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [
            child for child in found if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        ]
    except OSError:
        return []


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


@contextmanager
def up(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", UP, "up", "--web-workers", "2"], env=os.environ | {"TRADEPOST_PORT": str(port)}, stdout=said, stderr=said,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(waiting.TIMEOUT)
