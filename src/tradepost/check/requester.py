"""Signs and sends requests like a market, and records the exchanges for the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Self

from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

from .answers import PROCESSING, Answer, failed
from .dialects import SigningInputs, shift_time
from .instance_pool import usable_id
from .kept_connection import KeptConnection
from .latency import is_late, measure_timings, slowest_text
from .out_of_time import time_over_reason
from .outcomes import Blocked, Failed, Skipped
from .results import Exchange
from .samples import Samples
from .volley import Volley

if TYPE_CHECKING:
    from .http_client import Hold, RawResponse
    from .options import Options
    from .session import Session
    from .target import Target

MAX_RATE_RETRIES = 4
"""Maximum retries of a rate-limited request."""
FIRST_PAUSE = 0.05
MAX_PAUSE = 0.5
UNANNOUNCED_WAIT = 3.0
"""Seconds to wait for an instance that was not announced with 000004; the answer in the meantime is undocumented."""


def unfinished_reason(activity: str, waited: float) -> Blocked:
    """Return the reason to block checks that need an instance if the seller never finishes one."""
    return Blocked(
        Text(
            en=(
                f"the instance was still being created after {waited:.1f} s: {activity} goes on answering 000004; "
                "--patience gives it more time"
            ),
            zh=f"{waited:.1f}秒后实例仍在创建中：{activity}一直返回000004；可用--patience延长等待",
        ),
        "never_ready",
    )


@dataclass(slots=True)
class Requester:
    """``linger``: wait for data after answers. ``parallel``: other checks run at the same time, so a failure may result
    from the tester's load."""

    session: Session
    parallel: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    last: RawResponse | None = None
    linger: bool = False
    volleys: list[Volley] = field(default_factory=list)
    """Requests that were sent at the same moment."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def target(self) -> Target:
        return self.session.target

    @property
    def options(self) -> Options:
        return self.session.options

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.session.clock

    @property
    def chance(self) -> Callable[[], str]:
        return self.session.chance

    @property
    def samples(self) -> Samples:
        return Samples(self.clock, self.chance, self.options.public_key, self.options.fingerprint)

    def aside(self) -> Self:
        """Return a requester for preparations that are not part of the check."""
        return type(self)(self.session, parallel=self.parallel)

    # --- requests ------------------------------------------------------------------------------------------------------

    def signing_inputs(self, *, key: str | None = None, shift: float = 0, nonce: str | None = None) -> SigningInputs:
        """``shift``: seconds to add to the time."""
        return SigningInputs(
            key=self.options.key if key is None else key,
            now=shift_time(self.clock(), shift),
            nonce=self.chance() if nonce is None else nonce,
        )

    def request(
        self, command: Command, *, key: str | None = None, shift: float = 0, nonce: str | None = None
    ) -> Request:
        """Return the request of a market."""
        inputs = self.signing_inputs(key=key, shift=shift, nonce=nonce)
        return self.target.protocol.encode(
            command, address=self.options.url, key=inputs.key, now=inputs.now, nonce=inputs.nonce
        )

    def changed(self, command: Command, changes: Mapping[str, object], *, nonce: str | None = None) -> Request:
        """Return the request with members replaced, added, or removed if the change is None; correctly signed."""
        request = self.request(command)
        members = {**self.target.dialect.members(request), **changes}
        present_members = {name: value for name, value in members.items() if value is not None}
        return self.target.dialect.signed(request, present_members, self.signing_inputs(nonce=nonce))

    # --- sending -------------------------------------------------------------------------------------------------------

    def send(self, request: Request, *, pieces: int = 1) -> Answer:
        """Send a request within the concurrency limit, and repeat it like a market if the seller limits the rate."""
        session, budget = self.session, self.session.budget
        answer = self._sent(request, pieces)
        for _ in range(MAX_RATE_RETRIES):
            if not self.waits_for(answer):
                break
            answer = self._sent(request, pieces)
        if budget.give_up_if_slow():
            late_timings = [timing for timing in measure_timings(session.history, self.target) if timing.late]
            name = "too_slow" if answer.received.fault == "too_slow" else "slow_answer"
            raise failed(name, answer, slowest_text(late_timings, self.target))
        return answer

    def waits_for(self, answer: Answer) -> bool:
        """If the request was rate-limited and may be repeated, wait as long as the seller stated. Return whether it may
        be repeated."""
        if not answer.turned_away or not self.session.budget.may_wait(answer.retry_after):
            return False
        time.sleep(answer.retry_after)
        return True

    @contextmanager
    def kept_connection(self) -> Iterator[KeptConnection]:
        """Provide one connection for several requests, within the concurrency limit. Raises ``Failed`` if it cannot be
        opened."""
        session = self.session
        timeout = min(self.options.timeout, session.budget.left)
        with session.concurrency.slot():
            try:
                connection = session.client.connect(self.options.url, timeout)
            except (OSError, ValueError) as error:
                raise Failed("no_answer", Text.same(f"no connection: {error}")) from None
            with connection:
                yield KeptConnection(connection)

    def send_kept(self, connection: KeptConnection, request: Request, *, patience: float) -> Answer:
        """Send a request on a kept connection. ``patience``: seconds, at most the timeout."""
        limit = min(patience, self.options.timeout)
        return self.noted(request, lambda seconds_left: connection.ask(request, within=min(seconds_left, limit)))

    def _sent(self, request: Request, pieces: int) -> Answer:
        session = self.session
        with session.concurrency.slot() as only:
            if session.budget.stopped:
                raise Skipped(Text(en="the run was stopped", zh="检测已停止"))
            began = time.monotonic()
            answer = self.send_at_once(request, pieces=pieces, alone=only and not self.parallel)
        session.concurrency.learn(answer.received, began)
        if not self.parallel:
            session.budget.note_answer(late=is_late(answer, self.target))
        return answer

    def send_at_once(
        self,
        request: Request,
        *,
        pieces: int = 1,
        hold: Hold | None = None,
        alone: bool = False,
    ) -> Answer:
        """Send immediately, ignoring the concurrency limit. ``hold``: delays the last byte.

        Raises ``Blocked`` if the run's time ends before or during the exchange.
        """
        client, linger = self.session.client, self.linger

        def exchanged(seconds_left: float) -> RawResponse:
            return client.send(request, pieces=pieces, linger=linger, hold=hold, within=seconds_left)

        return self.noted(request, exchanged, alone=alone)

    def noted(self, request: Request, exchange: Callable[[float], RawResponse], *, alone: bool = False) -> Answer:
        """Run ``exchange`` with the seconds left, and record its result for the report."""
        budget, sent_at = self.session.budget, self.clock()
        if budget.over:
            raise time_over_reason(self.session)
        received = exchange(budget.left)
        answer = Answer(request, received)
        self._keep(answer, sent_at, alone=alone)
        if received.fault == "too_slow" and budget.over:
            raise time_over_reason(self.session)
        return answer

    def _keep(self, answer: Answer, sent_at: datetime, *, alone: bool) -> None:
        request, received = answer.request, answer.received
        exchange = Exchange(request, sent_at, received.seconds, received.raw, received.problem)
        with self._lock:
            self.last = received
            self.exchanges.append(exchange)
        self.session.history.add_answer(answer, alone=alone)

    def ask(self, command: Command) -> Answer:
        answer = self.send(self.request(command))
        if isinstance(command, Create) and not command.test:
            self.note_created(answer)
        return answer

    def create(self, command: Create) -> Answer:
        """Repeat a creation while it is answered with 000004 without an ID, which is optional then, like a market.

        Raises ``Failed`` if the order is refused later, or ``Blocked`` if it does not end.
        """
        answer = self.ask(command)
        if answer.code != PROCESSING or answer.instance_id:
            return answer
        later_answer = self.wait_for(command)
        if later_answer.refused:
            raise failed("refused_after_processing", later_answer, Text(en="after 000004", zh="返回000004之后"))
        return later_answer

    def each[C, R](self, ask: Callable[[C], R], commands: Sequence[C]) -> list[R]:
        """Run all commands, in parallel if the seller permits it."""
        if not self.session.concurrency.parallel or len(commands) < 2:
            return [ask(command) for command in commands]
        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(ask, commands))

    def send_simultaneously(self, requests: Sequence[Request]) -> list[Answer]:
        """Send all requests at the same moment, ignoring the limit. ``expect_sent_together`` tells whether that
        succeeded."""
        if not requests:
            return []
        volley = Volley(len(requests))
        answers = volley.run(lambda index, hold: self.send_at_once(requests[index], hold=hold))
        self.volleys.append(volley)
        return answers

    def expect_sent_together(self) -> None:
        """Skip the check if it needs requests at the same moment and this machine could send none of them together."""
        if self.volleys and not any(volley.together for volley in self.volleys):
            raise Skipped(max(self.volleys, key=lambda volley: volley.under_way).reason)

    def note_created(self, *answers: Answer) -> None:
        """Note created instances, so that they are released at the end."""
        for answer in answers:
            if answer.accepted and usable_id(answer.instance_id):
                self.session.pool.note_created(answer.instance_id, pending=answer.code == PROCESSING)

    # --- waiting -------------------------------------------------------------------------------------------------------

    def wait_for(self, command: Command) -> Answer:
        """Repeat the command until the instance is ready: no longer 000004, and a query returns data.

        The answer about an instance in creation is undocumented (saas-v2 §3.2), so a refusal or an empty success is
        repeated as well, once per run in vain. Raises ``Blocked`` if 000004 takes too long.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            answer = self.ask(command)
            if not self._in_creation(command, answer, time.monotonic() - began):
                return answer
            time.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    def _in_creation(self, command: Command, answer: Answer, waited_seconds: float) -> bool:
        pool, patience = self.session.pool, self.options.patience
        if pool.refusal or pool.unfinished:
            # It is known that creations do not end, so a short wait is enough.
            patience = min(patience, UNANNOUNCED_WAIT)
        if answer.code == PROCESSING:
            if answer.tells:
                raise Skipped(Text(en="an instance in creation is answered with data", zh="创建中的实例返回了数据"))
            if waited_seconds >= patience:
                raise unfinished_reason(self.target.activity(type(command)), waited_seconds)
            return True
        is_undecided = answer.refused or (answer.succeeded and not answer.tells)
        if not isinstance(command, Query) or not is_undecided or pool.never_ready:
            return False
        waited_enough = waited_seconds >= (patience if pool.asynchronous else min(patience, UNANNOUNCED_WAIT))
        if waited_enough and not self.parallel:
            pool.never_ready = True
        return not waited_enough

    def wait_ready(self, instance_id: str) -> Answer:
        return self.wait_for(Query(instance_ids=(instance_id,)))

    @property
    def gone(self) -> str:
        """Return why the seller no longer answers; empty if it does, also after one retry."""
        # A stopping server first cuts off running requests; only later ones are refused.
        if self.last is None or not (self.last.unreachable or self.last.fault == "no_answer"):
            return ""
        client, seconds_left = self.session.client, self.session.budget.left
        probe = Request("POST", self.options.url, (("Content-Type", "application/json"),), b"{}")
        if not client.send(probe, within=seconds_left).unreachable:
            return ""
        # A server that restarts itself gets a moment.
        time.sleep(MAX_PAUSE)
        repeated_response = client.send(probe, within=seconds_left)
        return repeated_response.problem if repeated_response.unreachable else ""
