"""Checks asked side by side, so that a slow seller does not take minutes.

Whatever did not pass in parallel is asked again alone, and only that counts: haste may cost time, never a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from .caller import Caller
from .results import Result, Verdict

if TYPE_CHECKING:
    from .definition import Check
    from .execution import CheckRunner
    from .session import Session

WORTH_IT = 8
"""With fewer checks nobody looks whether the seller reads several requests."""
LATEST = 3
HELD = 0.3
"""Seconds, and some answers' time, that a request may take while another one is held back."""

type Told = Callable[[Check, Result | None], None]


def reads_concurrently(caller: Caller) -> bool:
    """Whether a request is answered while another one is still arriving.

    One thread that reads a request, answers it and takes the next cannot: everything that a tester sends at once would
    wait in its queue, and short queues drop connections.
    """
    patience = HELD + 3 * max((answer.received.seconds for answer in caller.history.answers[-LATEST:]), default=0.0)
    arriving, answered = Event(), Event()
    early: list[bool] = []

    def hold() -> None:
        arriving.set()
        early.append(answered.wait(patience))

    slow, quick = caller.request(caller.harmless()), caller.request(caller.harmless())
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(caller.send_at_once, slow, hold=hold)
        arriving.wait(patience)
        other = caller.send_at_once(quick)
        answered.set()
        return held.result().accepted and other.accepted and early == [True]


def run_parallel(checks: Sequence[Check], runner: CheckRunner, session: Session, tell: Told) -> dict[str, Result]:
    """Asks the checks, several at once; gives those that passed. Ends early when the seller cannot keep up."""
    waiting: SimpleQueue[Check] = SimpleQueue()
    for check in checks:
        waiting.put(check)
    done: SimpleQueue[tuple[Check, Result | None] | None] = SimpleQueue()

    def work() -> None:
        try:
            while session.concurrency.parallel and not (session.budget.stopped or session.budget.over):
                check = waiting.get_nowait()
                done.put((check, None))
                done.put((check, runner.run(check, Caller(session, parallel=True))))
        except Empty:
            pass
        finally:
            done.put(None)

    passed: dict[str, Result] = {}
    workers = min(session.options.at_once, len(checks))
    with ThreadPoolExecutor(workers) as threads:
        try:
            for _ in range(workers):
                threads.submit(work)
            at_work = workers
            while at_work:
                word = done.get()
                if word is None:
                    at_work -= 1
                    continue
                check, result = word
                if result is None:
                    tell(check, None)
                elif result.verdict is Verdict.PASSED:
                    passed[check.check_id] = result
                    tell(check, result)
        except BaseException:
            session.budget.stop()
            raise
    return passed
