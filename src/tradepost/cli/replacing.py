"""Lets another thread of a command replace a program: ``Processes`` is used from one thread, which looks here between two looks at
what runs."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.cli.processes import Processes, Program

LOOK_EVERY = 0.1


class Replacing:
    """What is to run in place of what has the same name."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[Program, Event]] = SimpleQueue()

    def ask(self, program: Program, *, stopped: Callable[[], bool]) -> bool:
        """Wait until it was started; False when told to stop before."""
        started = Event()
        self._wanted.put((program, started))
        while not started.wait(LOOK_EVERY):
            if stopped():
                return False
        return True

    def serve(self, processes: Processes) -> None:
        """Start what was asked for."""
        while True:
            try:
                program, started = self._wanted.get_nowait()
            except Empty:
                return
            processes.replace(program)
            started.set()
