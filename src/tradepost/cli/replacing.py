"""Lets another thread of a command replace a program: ``Processes`` is used from one thread, which reads the requests
between its checks."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.cli.processes import Processes, Program

POLL_INTERVAL = 0.1


class Replacing:
    """Requests to replace the running program with the same name."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[Program, Event]] = SimpleQueue()

    def ask(self, program: Program, *, stopped: Callable[[], bool]) -> bool:
        """Wait until the program was started; return False if stopped before."""
        started = Event()
        self._wanted.put((program, started))
        while not started.wait(POLL_INTERVAL):
            if stopped():
                return False
        return True

    def serve(self, processes: Processes) -> None:
        """Start the requested programs."""
        while True:
            try:
                program, started = self._wanted.get_nowait()
            except Empty:
                return
            processes.replace(program)
            started.set()
