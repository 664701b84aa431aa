"""Runs the checks of a protocol against one address and puts what they found into a report."""

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
from .checks.freshness import REPLAYED
from .choice import chosen
from .definition import Check
from .diagnoses import diagnosis
from .execution import CheckRunner, not_asked, stopped
from .market_side import listening
from .options import GROUPS, CannotRun, Options
from .outcomes import Blocked, Failed, Skipped
from .parallel import WORTH_IT, reads_concurrently, run_parallel
from .results import Progress, Report, Result, Verdict
from .session import Session, begin
from .target import target_of

type Told = Callable[[Progress], None]


def run(
    options: Options,
    progress: Told | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    chance: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Report:
    """Ask the seller everything that the options name. Raises ``CannotRun`` when nothing can be asked.

    Everything that the run creates at the seller is released at its end, as far as the seller answers in time.
    """
    _refuse_nonsense(options)
    target = replace(target_of(options.protocol).without(*options.leave_out), within=options.answer_within)
    session = begin(target, options, clock=clock, chance=chance)
    with listening(session.market_side, options.market) if session.market_side else nullcontext():
        return _run(session, progress or (lambda _: None))


def _run(session: Session, progress: Told) -> Report:
    options, target = session.options, session.target
    _reach(options.url, session)
    if Query in target.specification.optional and _does_without_queries(Caller(session)):
        # Everything that looks at an instance would look with them.
        target = target.without(target.activity(Query))
        session = replace(session, target=target)
    checks = chosen(checks_for(target, options), options.again)
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
        results=named(results),
        left_behind=left_behind,
    )


@dataclass(slots=True)
class _Run:
    """The order of a run: whether the key is right, what can be asked side by side, then the rest one by one."""

    session: Session
    checks: list[Check]
    tell: Told
    runner: CheckRunner = field(default_factory=CheckRunner)
    done: dict[str, Result] = field(default_factory=dict)
    stopped: Blocked | None = None
    gone: bool = False
    """Nobody answers any more."""

    def all(self) -> tuple[Result, ...]:
        """Results in the order of the checks, whatever the order in which they came."""
        if not self.checks:
            return ()
        first, *rest = self.checks
        self._ask(first)
        free = [check for check in rest if not check.alone]
        if len(free) >= WORTH_IT and self._may_run_parallel():
            for check in rest:
                if check.check_id == REPLAYED:
                    self._ask(check)
            run_parallel(free, self.runner, self.session, self._told)
        for check in rest:
            if check.check_id not in self.done:
                self._ask(check)
        return tuple(self.done[check.check_id] for check in self.checks)

    def _may_run_parallel(self) -> bool:
        """A seller that refuses its first correct request, or reads one at a time, is asked one by one."""
        if self.session.options.at_once < 2 or self.stopped:
            return False
        caller = Caller(self.session)
        try:
            if not reads_concurrently(caller):
                return False
            # Found out before the rush, so that it is found out once, and whether anything is offered at all.
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
            self._told(check, not_asked(check, self.stopped))
            return
        caller = Caller(self.session)
        result = self.runner.run(check, caller)
        self.stopped = stopped(caller)
        budget = self.session.budget
        if self.stopped and not (budget.given_up or budget.over):
            self.gone = True
            result = replace(result, verdict=Verdict.BROKEN, diagnosis=None, blocked=False, seen=self.stopped.why)
        self._told(check, result)

    def _told(self, check: Check, result: Result | None) -> None:
        if result is not None:
            self.done[check.check_id] = result
        self.tell(Progress(len(self.done), len(self.checks), check.title, result))


def named(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Where nothing else names the mistake that kept others from being asked, refusing what is right is its name."""
    known = {Verdict.FAILED, Verdict.BROKEN}
    if any(result.verdict in known or (result.blocked and result.diagnosis) for result in results):
        return results
    reason = diagnosis("refuses_correct_request")
    return tuple(replace(result, diagnosis=reason) if result.blocked else result for result in results)


def _does_without_queries(caller: Caller) -> bool:
    """Products sold by period need none in SaaS 1.0 (saas-v1-license A2): a refusal where a creation is accepted."""
    if not caller.target.has(Query, Create):
        return False
    try:
        query = caller.ask(Query(instance_ids=(caller.samples.unknown_id(),), test=True))
        return query.code == BAD_PARAMETER and caller.ask(caller.samples.create(test=True)).accepted
    except (Skipped, Failed):
        # Too slow to be asked: the checks say so.
        return False


def _refuse_nonsense(options: Options) -> None:
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
    unknown = sorted(options.only - set(GROUPS))
    if unknown:
        raise CannotRun(f"no group {', '.join(unknown)}; there are: {', '.join(GROUPS)}")


def _reach(url: str, session: Session) -> None:
    """One harmless request: a server that nobody can connect to is not checked, it is reported."""
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
