"""Runs several programs as one: starts them, restarts what dies, stops all together, leaves none behind."""

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

QUICK_DEATH = 5.0
"""A program that lived for less seconds than this died at once."""
MOST_QUICK_DEATHS = 5
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LOG_LIMIT = 10_000_000
"""Bytes of a log; then it becomes the earlier one, of which there is one."""
LOOK_EVERY = 0.1
ROTATE_EVERY = 10.0
"""Seconds between two looks at how large the logs are."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. ``log`` gets its output, else ours does; programs with a higher ``wave`` are stopped later."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    wave: int = 0


def pause_before_restart(lives: Sequence[float]) -> float | None:
    """Seconds to wait before another start, given how long each run lasted; None when it dies at once every time."""
    quick = 0
    for life in reversed(lives):
        if life >= QUICK_DEATH:
            break
        quick += 1
    if quick >= MOST_QUICK_DEATHS:
        return None
    return float(min(FIRST_PAUSE * 2 ** max(quick - 1, 0), LONGEST_PAUSE))


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    lives: list[float] = field(default_factory=list)
    restart_at: float | None = None


class Processes:
    """A set of running programs. Use it from one thread; ``say`` gets one line for each thing worth telling."""

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
        """Start it in place of what runs under its name, which is asked to end and killed after ``within`` seconds."""
        for running in [one for one in self._running if one.program.name == program.name]:
            self._running.remove(running)
            with suppress(ProcessLookupError):
                running.process.terminate()
            _ended(running.process, time.monotonic() + within, None)
            _kill_group(running.process)
            running.process.wait()
        self.start(program)

    def look(self) -> None:
        """Restart what died. Raises ``Refused`` when a program dies at once every time."""
        now = time.monotonic()
        for running in self._running:
            if running.restart_at is not None:
                if now >= running.restart_at:
                    running.process, running.started, running.restart_at = _spawn(running.program), now, None
            elif running.process.poll() is not None:
                self._died(running, now)
        if now >= self._rotate_at:
            self._rotate_at = now + ROTATE_EVERY
            for log in [running.program.log for running in self._running if running.program.log is not None]:
                _rotate(log)

    def _died(self, running: _Running, now: float) -> None:
        _kill_group(running.process)  # what it may have left behind
        running.lives = [*running.lives[-MOST_QUICK_DEATHS:], now - running.started]
        how = _how_it_ended(running.process.returncode)
        pause = pause_before_restart(running.lives)
        if pause is None:
            raise Refused(
                "cli.keeps_dying",
                f"The {running.program.name} process {how}, {MOST_QUICK_DEATHS} times in a row just after its start. "
                + last_words(running.program),
            )
        self._say(f"The {running.program.name} process {how}; starting it again in {pause:g} s.")
        running.restart_at = now + pause

    def watch(self, stop: threading.Event) -> None:
        """Keep everything running until ``stop``."""
        while not stop.wait(LOOK_EVERY):
            self.look()

    def stop(self, within: float, *, hurry: threading.Event | None = None) -> None:
        """Ask every program to end, wave by wave, and wait; what is left after ``within`` seconds, or once ``hurry``
        is set, is killed with all that it started."""
        deadline = time.monotonic() + within
        for wave in sorted({running.program.wave for running in self._running}):
            ending = [running for running in self._running if running.program.wave == wave]
            for running in ending:
                with suppress(ProcessLookupError):
                    running.process.terminate()
            for running in ending:
                if not _ended(running.process, deadline, hurry):
                    self._say(f"The {running.program.name} process did not end in time and was killed.")
                _kill_group(running.process)
                running.process.wait()
        self._running.clear()


def _ended(process: subprocess.Popen[bytes], deadline: float, hurry: threading.Event | None) -> bool:
    while process.poll() is None:
        if time.monotonic() >= deadline or (hurry is not None and hurry.is_set()):
            return False
        time.sleep(0.02)
    return True


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    env = {**os.environ, **program.env, PARENT_VARIABLE: str(os.getpid())}
    # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the children in order.
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
    """The earlier log is a copy, and the present one is emptied: whoever writes goes on in the file that it has open.

    What is written in between, some milliseconds of ten megabytes, is lost.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(log, log.with_suffix(log.suffix + ".1"))
        os.truncate(log, 0)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The group outlives its leader as long as a member does, so this also ends what a dead child left behind.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def last_words(program: Program, lines: int = 8) -> str:
    """The end of a program's log, to show beside the news of its death."""
    if program.log is None:
        return "Its own messages are above."
    try:
        said = program.log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        said = []
    return "\n".join([f"Its log, {program.log}, ends with:", *(f"  {line}" for line in said)])


@contextmanager
def signals() -> Iterator[tuple[threading.Event, threading.Event]]:
    """SIGTERM and SIGINT as events: the first sets ``stop``, another one ``hurry``."""
    stop, hurry = threading.Event(), threading.Event()
    # A handler runs in the middle of whatever the main thread does, which may be holding an event's lock: to set the event
    # there would wait for itself. The queue's put is made to be interrupted; another thread sets the events.
    heard: SimpleQueue[bool] = SimpleQueue()

    def pass_on() -> None:
        while heard.get():
            (hurry if stop.is_set() else stop).set()

    def handle(_number: int, _frame: FrameType | None) -> None:
        heard.put(True)

    thread = threading.Thread(target=pass_on, name="signals", daemon=True)
    thread.start()
    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, hurry
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        heard.put(False)
        thread.join()
