"""Who writes next: the threads of a process wait for SQLite's lock one behind the other.

SQLite itself lets whoever wants to write ask again and again, each at longer intervals: under load the lock is free for so short
that some ask for seconds and never meet it, while others who came later do. In here each waits for its turn, and only the first one
asks, in short intervals, so that other processes get theirs as well.
"""

from __future__ import annotations

import os
import threading
from collections import deque


class WriteQueue:
    """One place, given to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def enter(self, within: float) -> bool:
        """Wait for the place for at most ``within`` seconds; whether it is the caller's now. Whoever has it calls ``leave``."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            has_arrived = turn.acquire(timeout=max(within, 0))
        except BaseException:  # a signal that ends the wait: a place that nobody takes would stay taken for ever
            if not self._give_up(turn):
                self.leave()
            raise
        return has_arrived or not self._give_up(turn)

    def _give_up(self, turn: threading.Lock) -> bool:
        """Wait no longer; False where the turn came at this very moment, and the place is the caller's."""
        with self._guard:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()  # the place stays taken: it is the next one's
            else:
                self._taken = False


_queues: dict[str, WriteQueue] = {}
_guard = threading.Lock()


def queue_of(file: str) -> WriteQueue:
    """The one of all connections of this process to a database."""
    with _guard:
        return _queues.setdefault(file, WriteQueue())


def _reset_after_fork() -> None:
    """A child has its own threads only: none of those that held or awaited a place."""
    global _guard  # noqa: PLW0603  # one that a thread of the parent may have held when it forked
    _guard = threading.Lock()
    _queues.clear()


os.register_at_fork(after_in_child=_reset_after_fork)
