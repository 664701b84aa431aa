"""Run acts at the same time, each on its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from django.db import OperationalError, connections

from tradepost.market.base.errors import Refused

type Outcome = str
"""``done``, the code of a refusal, or the text of an error."""


class ConcurrentAct(threading.Thread):
    """Runs an act on its own connection, as another process does."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self._outcome = "never ended"
        self.start()

    def run(self) -> None:
        try:
            self._act()
            self._outcome = "done"
        except Refused as refused:
            self._outcome = refused.code
        except OperationalError as error:  # such as a deadlock
            self._outcome = str(error)
        finally:
            connections.close_all()

    def outcome(self) -> Outcome:
        self.join(30)
        return self._outcome


def at_once(acts: Sequence[Callable[[], object]]) -> list[Outcome]:
    """Start all acts together, each on its own connection, and return their outcomes."""
    start = threading.Barrier(len(acts))

    def begin(act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            start.wait(30)
            act()

        return run

    return [doing.outcome() for doing in [ConcurrentAct(begin(act)) for act in acts]]
