"""Child processes of a benchmark: started, waited for until ready, started together, and ended by their own handle.

A program prints ``ready`` with data for others after its unmeasured set-up, and begins at a line on its standard input.
It ends when its standard input ends, so that it cannot outlive the benchmark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0


class ProgramFailed(Exception):
    """A child process ended too early; its messages are on standard error."""


class Program:
    """A child process with the protocol above, as a context manager."""

    def __init__(self, module: str, *arguments: object) -> None:
        self.module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self, *, within: float = PATIENCE) -> list[str]:
        """Wait until it is ready, at most ``within`` seconds. Return the words after ``ready``."""
        return self._hear("ready", within)

    def go(self, *words: object) -> float:
        """Start it and return the time (monotonic). ``words``: arguments for programs with several tasks."""
        if self._process.stdin is None:
            raise ProgramFailed(f"{self.module} has no standard input")
        begun = time.monotonic()
        self._process.stdin.write(" ".join(["go", *map(str, words)]) + "\n")
        self._process.stdin.flush()
        return begun

    def done(self) -> list[str]:
        """Wait until it is done. Return the words after ``done``."""
        return self._hear("done")

    def timed(self, count: int) -> float:
        """Return the seconds from ``go`` to ``done``. Raises ``ProgramFailed`` unless all ``count`` calls succeeded."""
        self.ready()
        begun = self.go()
        (good,) = self.done()
        spent = time.monotonic() - begun
        if int(good) != count:
            raise ProgramFailed(f"{self.module}: {good} of {count} calls succeeded")
        return spent

    def processor_time(self) -> float:
        """Return the CPU seconds of the process and its children; 0 if the system does not provide them."""
        return processor_time(self.pid)

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self, within: float = 2.0) -> None:
        """Close its standard input, which ends every program here; then kill remaining processes."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear(self, word: str, within: float = PATIENCE) -> list[str]:
        killer = threading.Timer(within, self._process.kill)
        killer.start()
        try:
            while self._process.stdout is not None:
                line = self._process.stdout.readline()
                if not line:
                    raise ProgramFailed(f"{self.module} ended without saying {word}")
                first, *rest = line.split() or [""]
                if first == word:
                    return rest
            raise ProgramFailed(f"{self.module} has no standard output")
        finally:
            killer.cancel()


def processor_time(pid: int) -> float:
    """Return the CPU seconds of a process and its children; 0 if the system does not provide them."""
    return sum(map(_processor_time, [pid, *_children(pid)]))


def _processor_time(pid: int) -> float:
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


# --- called by the programs themselves
# -----------------------------------------------------------------------------------


def say_ready(*words: object) -> None:
    print("ready", *words, flush=True)


def say_done(*words: object) -> None:
    print("done", *words, flush=True)


def wait_for_go() -> list[str]:
    """Return the words after ``go``."""
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)
    return line.split()[1:]


def end_with_parent() -> None:
    """End this process when its standard input ends, so that it dies with its parent."""

    def watch() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()
