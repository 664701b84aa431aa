"""Runs the checks of a protocol against one address and creates the report."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tradepost.protocols.commands import Create, Query
from tradepost.protocols.http import Request

from .answers import BAD_PARAMETER
from .caller import Caller, clean_up
from .checks import checks_for
from .checks.freshness import REPLAYED_CHECK
from .choice import chosen_checks
from .definition import Check
from .diagnoses import diagnosis
from .execution import CheckRunner, skipped_result, stop_reason
from .market_side import listening
from .options import GROUPS, CannotRun, Options
from .outcomes import Blocked, Failed, Skipped
from .parallel import MIN_CHECKS, reads_concurrently, run_parallel
from .results import Progress, Report, Result, Verdict
from .session import Session, begin
from .target import target_of

type ProgressListener = Callable[[Progress], None]


def run(
    options: Options,
    progress: ProgressListener | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    chance: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Report:
    """Run the checks that the options select. Raises ``CannotRun`` if nothing can be tested.

    Instances that the run created are released at its end, as far as the seller answers in time.
    """
    _check_options(options)
    target = replace(target_of(options.protocol).without(*options.leave_out), within=options.answer_within)
    session = begin(target, options, clock=clock, chance=chance)
    with listening(session.market_side, options.market) if session.market_side else nullcontext():
        return _run(session, progress or (lambda _: None))


def _run(session: Session, progress: ProgressListener) -> Report:
    options, target = session.options, session.target
    _check_reachable(options.url, session)
    if Query in target.specification.optional and _does_without_queries(Caller(session)):
        # All checks that read instances would use queries.
        target = target.without(target.activity(Query))
        session = replace(session, target=target)
    checks = chosen_checks(checks_for(target, options), options.again)
    started_at, began = session.clock(), time.perf_counter()
    this_run = _Run(session, checks, progress)
    try:
        results = this_run.all()
    finally:
        left_behind = () if this_run.gone else clean_up(session)
    return Report(
        url=options.url,
        protocol=options.protocol,
        title=target.protocol.title,
        started_at=started_at,
        seconds=time.perf_counter() - began,
        results=with_diagnosis(results),
        left_behind=left_behind,
    )


@dataclass(slots=True)
class _Run:
    """The order of a run: first the key, then the checks that can run in parallel, then the others one by one."""

    session: Session
    checks: list[Check]
    tell: ProgressListener
    runner: CheckRunner = field(default_factory=CheckRunner)
    done: dict[str, Result] = field(default_factory=dict)
    stopped: Blocked | None = None
    gone: bool = False
    """The seller no longer answers."""

    def all(self) -> tuple[Result, ...]:
        """Return the results in the order of the checks, independent of the order of execution."""
        if not self.checks:
            return ()
        first_check, *remaining_checks = self.checks
        self._ask(first_check)
        parallel_checks = [check for check in remaining_checks if not check.alone]
        if len(parallel_checks) >= MIN_CHECKS and self._may_run_parallel():
            for check in remaining_checks:
                if check.check_id == REPLAYED_CHECK:
                    self._ask(check)
            run_parallel(parallel_checks, self.runner, self.session, self._told)
        for check in remaining_checks:
            if check.check_id not in self.done:
                self._ask(check)
        return tuple(self.done[check.check_id] for check in self.checks)

    def _may_run_parallel(self) -> bool:
        """Return whether checks may run in parallel: not if the seller refuses its first correct request or reads
        sequentially."""
        if self.session.options.at_once < 2 or self.stopped:
            return False
        caller = Caller(self.session)
        try:
            if not reads_concurrently(caller):
                return False
            # Determined before the parallel checks, so that it happens only once and shows whether any activity is
            # offered.
            activities = self.session.target.protocol.activities
            for kind in self.session.target.specification.optional & activities.keys():
                caller.offers(kind)
            any(map(caller.offers, activities))
        except (Skipped, Failed):
            return False
        self.session.concurrency.widen()
        return True

    def _ask(self, check: Check) -> None:
        self._told(check, None)
        if self.stopped:
            self._told(check, skipped_result(check, self.stopped))
            return
        caller = Caller(self.session)
        result = self.runner.run(check, caller)
        self.stopped = stop_reason(caller)
        budget = self.session.budget
        if self.stopped and not (budget.given_up or budget.over):
            self.gone = True
            result = replace(result, verdict=Verdict.BROKEN, diagnosis=None, blocked=False, seen=self.stopped.why)
        self._told(check, result)

    def _told(self, check: Check, result: Result | None) -> None:
        if result is not None:
            self.done[check.check_id] = result
        self.tell(Progress(len(self.done), len(self.checks), check.title, result))


def with_diagnosis(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """If no result names the mistake that blocked the others, name it a refusal of correct requests."""
    known_names = {Verdict.FAILED, Verdict.BROKEN}
    if any(result.verdict in known_names or (result.blocked and result.diagnosis) for result in results):
        return results
    reason = diagnosis("refuses_correct_request")
    return tuple(replace(result, diagnosis=reason) if result.blocked else result for result in results)


def _does_without_queries(caller: Caller) -> bool:
    """Return whether the seller has no queries, which SaaS 1.0 permits for products sold by period (saas-v1-license
    A2)."""
    if not caller.target.has(Query, Create):
        return False
    try:
        query = caller.ask(Query(instance_ids=(caller.samples.unknown_id(),), test=True))
        return query.code == BAD_PARAMETER and caller.ask(caller.samples.create(test=True)).accepted
    except (Skipped, Failed):
        # The seller is too slow, which the checks report.
        return False


def _check_options(options: Options) -> None:
    try:
        parts = urlsplit(options.url)
        _ = parts.port
    except ValueError as error:
        raise CannotRun(f"{options.url!r} is no address: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotRun(f"{options.url!r} is no address: it looks like http://127.0.0.1:9000/produce")
    if not options.key:
        raise CannotRun("the key is missing: the signing key that the seller's server holds")
    if options.market and not (options.ak and options.sk):
        raise CannotRun("a market that the seller's program calls needs the access key and secret that it signs with")
    unknown_groups = sorted(options.only - set(GROUPS))
    if unknown_groups:
        raise CannotRun(f"no group {', '.join(unknown_groups)}; there are: {', '.join(GROUPS)}")


def _check_reachable(url: str, session: Session) -> None:
    """Send one harmless request: if no connection is possible, the run cannot start."""
    probe = Request("POST", url, (("Content-Type", "application/json"),), b"{}")
    received = session.client.send(probe, within=session.budget.left)
    session.budget.note_answer(late=received.seconds > session.target.seconds)
    if received.unreachable:
        raise CannotRun(f"nobody answers at {url}: {received.problem}{_advice(url, received.problem)}")

    secure = received.raw.startswith(b"\x15\x03") or b"HTTPS port" in received.body
    if secure and url.startswith("http:"):
        raise CannotRun(f"{url} speaks https: write https:// in the address")
    if received.raw and not received.status and not received.raw.startswith(b"HTTP/"):
        raise CannotRun(f"what answers at {url} does not speak HTTP: {received.problem}")


def _advice(url: str, problem: str) -> str:
    if "certificate" in problem:
        return "; --any-certificate accepts it, a market does not"
    if url.startswith("https:") and (
        "wrong version" in problem or "record layer" in problem or "http request" in problem
    ):
        return "; this port speaks http, not https"
    return ""
