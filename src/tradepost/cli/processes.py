"""Runs several programs as one: starts them, restarts failed ones, and stops them together without leaving any
behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING

from tradepost.cli.parent_death import PARENT_VARIABLE
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MIN_LIFETIME = 5.0
"""A program that ran for fewer seconds failed at its start."""
MAX_QUICK_DEATHS = 5
FIRST_PAUSE = 0.5
MAX_PAUSE = 30.0
LOG_LIMIT = 10_000_000
"""Maximum bytes of a log; it then replaces the single earlier one."""
POLL_INTERVAL = 0.1
ROTATION_INTERVAL = 10.0
"""Seconds between two checks of the log sizes."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run. ``log``: file for its output, else the command's own output. Programs with a higher ``wave``
    are stopped later."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    wave: int = 0


def pause_before_restart(lives: Sequence[float]) -> float | None:
    """Return the seconds before the next start, from the durations of earlier runs; None if it always fails at its
    start."""
    quick_deaths = 0
    for life in reversed(lives):
        if life >= MIN_LIFETIME:
            break
        quick_deaths += 1
    if quick_deaths >= MAX_QUICK_DEATHS:
        return None
    return float(min(FIRST_PAUSE * 2 ** max(quick_deaths - 1, 0), MAX_PAUSE))


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    lives: list[float] = field(default_factory=list)
    restart_at: float | None = None


class Processes:
    """A set of running programs. Use it from one thread. ``say``: receives a line for each event to report."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: list[_Running] = []
        self._rotate_at = 0.0

    def start(self, program: Program) -> None:
        if program.log is not None:
            program.log.parent.mkdir(parents=True, exist_ok=True)
            _rotate(program.log)
        self._running.append(_Running(program, _spawn(program), time.monotonic()))

    def replace(self, program: Program, *, within: float = 5.0) -> None:
        """Start a program instead of the one with its name, which is terminated, and killed after ``within``
        seconds."""
        for running_process in [candidate for candidate in self._running if candidate.program.name == program.name]:
            self._running.remove(running_process)
            with suppress(ProcessLookupError):
                running_process.process.terminate()
            _wait_for_end(running_process.process, time.monotonic() + within, None)
            _kill_group(running_process.process)
            running_process.process.wait()
        self.start(program)

    def look(self) -> None:
        """Restart failed programs. Raises ``Refused`` if a program always fails at its start."""
        now = time.monotonic()
        for running_process in self._running:
            if running_process.restart_at is not None:
                if now >= running_process.restart_at:
                    running_process.process, running_process.started, running_process.restart_at = (
                        _spawn(running_process.program),
                        now,
                        None,
                    )
            elif running_process.process.poll() is not None:
                self._died(running_process, now)
        if now >= self._rotate_at:
            self._rotate_at = now + ROTATION_INTERVAL
            for log in [
                running_process.program.log
                for running_process in self._running
                if running_process.program.log is not None
            ]:
                _rotate(log)

    def _died(self, running_process: _Running, now: float) -> None:
        _kill_group(running_process.process)  # its remaining children
        running_process.lives = [*running_process.lives[-MAX_QUICK_DEATHS:], now - running_process.started]
        reason = _exit_reason(running_process.process.returncode)
        pause = pause_before_restart(running_process.lives)
        if pause is None:
            raise Refused(
                "cli.keeps_dying",
                f"The {running_process.program.name} process {reason}, {MAX_QUICK_DEATHS} times in a row just after its start. "
                + log_tail(running_process.program),
            )
        self._say(f"The {running_process.program.name} process {reason}; starting it again in {pause:g} s.")
        running_process.restart_at = now + pause

    def watch(self, stop: threading.Event) -> None:
        """Keep all programs running until ``stop``."""
        while not stop.wait(POLL_INTERVAL):
            self.look()

    def stop(self, within: float, *, hurry: threading.Event | None = None) -> None:
        """End all programs, wave by wave. After ``within`` seconds, or once ``hurry`` is set, the remaining ones and
        their children are killed."""
        deadline = time.monotonic() + within
        for wave in sorted({running_process.program.wave for running_process in self._running}):
            ending_processes = [
                running_process for running_process in self._running if running_process.program.wave == wave
            ]
            for running_process in ending_processes:
                with suppress(ProcessLookupError):
                    running_process.process.terminate()
            for running_process in ending_processes:
                if not _wait_for_end(running_process.process, deadline, hurry):
                    self._say(f"The {running_process.program.name} process did not end in time and was killed.")
                _kill_group(running_process.process)
                running_process.process.wait()
        self._running.clear()


def _wait_for_end(process: subprocess.Popen[bytes], deadline: float, hurry: threading.Event | None) -> bool:
    while process.poll() is None:
        if time.monotonic() >= deadline or (hurry is not None and hurry.is_set()):
            return False
        time.sleep(0.02)
    return True


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    env = {**os.environ, **program.env, PARENT_VARIABLE: str(os.getpid())}
    # In a separate session: Ctrl-C in the terminal only reaches this process, which stops the children in order.
    with _output(program) as output:
        return subprocess.Popen(
            program.command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


@contextmanager
def _output(program: Program) -> Iterator[IO[bytes] | None]:
    if program.log is None:
        yield None
        return
    with program.log.open("ab") as log:
        yield log


def _rotate(log: Path) -> None:
    """Copy the log and truncate it, since its writer keeps the file open.

    Output during the copy, some milliseconds for ten megabytes, is lost.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(log, log.with_suffix(log.suffix + ".1"))
        os.truncate(log, 0)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The group outlives its leader while it has members, so this also ends the children of a dead child.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _exit_reason(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def log_tail(program: Program, lines: int = 8) -> str:
    """Return the end of a program's log, to show with the report of its failure."""
    if program.log is None:
        return "Its own messages are above."
    try:
        last_lines = program.log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        last_lines = []
    return "\n".join([f"Its log, {program.log}, ends with:", *(f"  {line}" for line in last_lines)])


@contextmanager
def signals() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Provide SIGTERM and SIGINT as events: the first signal sets ``stop``, another one ``hurry``."""
    stop, hurry = threading.Event(), threading.Event()
    # A handler interrupts the main thread, which may hold an event's lock, so setting the event there could deadlock.
    # The queue's put is safe to interrupt; another thread sets the events.
    signal_queue: SimpleQueue[bool] = SimpleQueue()

    def pass_on() -> None:
        while signal_queue.get():
            (hurry if stop.is_set() else stop).set()

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal_queue.put(True)

    thread = threading.Thread(target=pass_on, name="signals", daemon=True)
    thread.start()
    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, hurry
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal_queue.put(False)
        thread.join()
