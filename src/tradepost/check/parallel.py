"""Runs checks in parallel, so that a slow seller does not take minutes.

Checks that do not pass in parallel run again alone, and only that result counts: parallelism may cost time, but never
changes a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from .caller import Caller
from .http_client import Hold
from .results import Result, Verdict

if TYPE_CHECKING:
    from .definition import Check
    from .execution import CheckRunner
    from .http_client import LastByte
    from .session import Session

MIN_CHECKS = 8
"""Minimum number of checks for which the tester tests whether the seller reads in parallel."""
RECENT_ANSWERS = 3
HOLD_SECONDS = 0.3
"""Seconds, in addition to typical answer times, for a request while another one is held back."""

type ResultListener = Callable[[Check, Result | None], None]


def reads_concurrently(caller: Caller) -> bool:
    """Return whether a request is answered while another one is arriving.

    A single-threaded server cannot do that: concurrent requests would wait in its queue, and short queues drop
    connections.
    """
    patience = HOLD_SECONDS + 3 * max(
        (answer.received.seconds for answer in caller.history.answers[-RECENT_ANSWERS:]), default=0.0
    )
    arriving, was_answered = Event(), Event()
    answered_early: list[bool] = []

    def hold(_: LastByte) -> None:
        arriving.set()
        answered_early.append(was_answered.wait(patience))

    slow_request, quick_request = caller.request(caller.harmless()), caller.request(caller.harmless())
    with ThreadPoolExecutor(1) as threads:
        held_request = threads.submit(caller.send_at_once, slow_request, hold=Hold(hold))
        arriving.wait(patience)
        quick_answer = caller.send_at_once(quick_request)
        was_answered.set()
        return held_request.result().accepted and quick_answer.accepted and answered_early == [True]


def run_parallel(
    checks: Sequence[Check], runner: CheckRunner, session: Session, tell: ResultListener
) -> dict[str, Result]:
    """Run the checks in parallel and return those that passed. Stops early if the seller cannot keep up."""
    waiting_checks: SimpleQueue[Check] = SimpleQueue()
    for check in checks:
        waiting_checks.put(check)
    results_queue: SimpleQueue[tuple[Check, Result | None] | None] = SimpleQueue()

    def work() -> None:
        try:
            while session.concurrency.parallel and not (session.budget.stopped or session.budget.over):
                check = waiting_checks.get_nowait()
                results_queue.put((check, None))
                results_queue.put((check, runner.run(check, Caller(session, parallel=True))))
        except Empty:
            pass
        finally:
            results_queue.put(None)

    results_by_id: dict[str, Result] = {}
    workers = min(session.options.at_once, len(checks))
    with ThreadPoolExecutor(workers) as threads:
        try:
            for _ in range(workers):
                threads.submit(work)
            active_workers = workers
            while active_workers:
                finished = results_queue.get()
                if finished is None:
                    active_workers -= 1
                    continue
                check, result = finished
                if result is None:
                    tell(check, None)
                elif result.verdict is Verdict.PASSED:
                    results_by_id[check.check_id] = result
                    tell(check, result)
        except BaseException:
            session.budget.stop()
            raise
    return results_by_id
