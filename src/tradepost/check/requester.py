"""Makes signed requests and sends them, as a market does, and keeps what was exchanged for the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Self

from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

from .answers import PROCESSING, Answer, failed
from .dialects import SigningInputs, shifted
from .instance_pool import usable_id
from .kept_connection import KeptConnection
from .latency import is_late, timings, told
from .out_of_time import out_of_time
from .outcomes import Blocked, Failed, Skipped
from .results import Exchange
from .samples import Samples

if TYPE_CHECKING:
    from .http_client import Received
    from .options import Options
    from .session import Session
    from .target import Target

TOO_SOON = 4
"""How often a request is sent again that came too soon for the seller."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5
QUIETLY = 3.0
"""Seconds for which an instance is waited for that was not announced with 000004; no page says what comes meanwhile."""


def unfinished(activity: str, waited: float) -> Blocked:
    """Nothing that stands on an instance can be asked of a seller that never finishes one."""
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
    """``linger``: notice what a seller sends after its answers. ``parallel``: other checks are asked at the same time,
    so what fails may be the tester's haste.
    """

    session: Session
    parallel: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    last: Received | None = None
    linger: bool = False
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
        """For what is done for a check and is no part of it."""
        return type(self)(self.session, parallel=self.parallel)

    # --- requests ------------------------------------------------------------------------------------------------------

    def signing_inputs(self, *, key: str | None = None, shift: float = 0, nonce: str | None = None) -> SigningInputs:
        """``shift``: seconds to add to the time."""
        return SigningInputs(
            key=self.options.key if key is None else key,
            now=shifted(self.clock(), shift),
            nonce=self.chance() if nonce is None else nonce,
        )

    def request(
        self, command: Command, *, key: str | None = None, shift: float = 0, nonce: str | None = None
    ) -> Request:
        """What a market would send."""
        inputs = self.signing_inputs(key=key, shift=shift, nonce=nonce)
        return self.target.protocol.encode(
            command, address=self.options.url, key=inputs.key, now=inputs.now, nonce=inputs.nonce
        )

    def changed(self, command: Command, changes: Mapping[str, object], *, nonce: str | None = None) -> Request:
        """The request with members replaced, added, or left out where the change is None; correctly signed."""
        request = self.request(command)
        members = {**self.target.dialect.members(request), **changes}
        kept = {name: value for name, value in members.items() if value is not None}
        return self.target.dialect.signed(request, kept, self.signing_inputs(nonce=nonce))

    # --- sending -------------------------------------------------------------------------------------------------------

    def send(self, request: Request, *, pieces: int = 1) -> Answer:
        """One request, when there is a place for it; again, as a market does, when it came too soon for the seller."""
        session, budget = self.session, self.session.budget
        answer = self._sent(request, pieces)
        for _ in range(TOO_SOON):
            if not self.waits_for(answer):
                break
            answer = self._sent(request, pieces)
        if budget.give_up_if_slow():
            late = [one for one in timings(session.history, self.target) if one.late]
            name = "too_slow" if answer.received.fault == "too_slow" else "slow_answer"
            raise failed(name, answer, told(late, self.target))
        return answer

    def waits_for(self, answer: Answer) -> bool:
        """Whether the request came too soon and may be sent again now, after the time that the seller asked for."""
        if not answer.turned_away or not self.session.budget.may_wait(answer.retry_after):
            return False
        time.sleep(answer.retry_after)
        return True

    @contextmanager
    def kept_connection(self) -> Iterator[KeptConnection]:
        """One connection for several requests, when there is a place for it. Raises ``Failed`` where nobody is there."""
        session = self.session
        within = min(self.options.timeout, session.budget.left)
        with session.concurrency.slot():
            try:
                connection = session.client.connect(self.options.url, within)
            except (OSError, ValueError) as error:
                raise Failed("no_answer", Text.same(f"no connection: {error}")) from None
            with connection:
                yield KeptConnection(connection)

    def send_kept(self, connection: KeptConnection, request: Request, *, patience: float) -> Answer:
        """``patience``: seconds, no more than the timeout."""
        most = min(patience, self.options.timeout)
        return self.noted(request, lambda left: connection.ask(request, within=min(left, most)))

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
        hold: Callable[[], object] | None = None,
        alone: bool = False,
    ) -> Answer:
        """At once, however many others are under way. ``hold`` is called when all but the last byte has been sent.

        Raises ``Blocked`` when the run's time is over, before or while the seller is waited for.
        """
        client, linger = self.session.client, self.linger

        def exchanged(left: float) -> Received:
            return client.send(request, pieces=pieces, linger=linger, hold=hold, within=left)

        return self.noted(request, exchanged, alone=alone)

    def noted(self, request: Request, exchange: Callable[[float], Received], *, alone: bool = False) -> Answer:
        """What ``exchange`` receives in answer to the request, kept for the report. It is given the seconds that are left."""
        budget, sent_at = self.session.budget, self.clock()
        if budget.over:
            raise out_of_time(self.session)
        received = exchange(budget.left)
        answer = Answer(request, received)
        self._keep(answer, sent_at, alone=alone)
        if received.fault == "too_slow" and budget.over:
            raise out_of_time(self.session)
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
        """Asked again while it is 000004 without an id, as a market does: the id is optional then.

        Raises ``Failed`` for an order that is accepted so and refused later, ``Blocked`` for one that does not end.
        """
        answer = self.ask(command)
        if answer.code != PROCESSING or answer.instance_id:
            return answer
        later = self.wait_for(command)
        if later.refused:
            raise failed("refused_after_processing", later, Text(en="after 000004", zh="返回000004之后"))
        return later

    def each[C, R](self, ask: Callable[[C], R], commands: Sequence[C]) -> list[R]:
        """All of them, side by side where the seller reads so."""
        if not self.session.concurrency.parallel or len(commands) < 2:
            return [ask(command) for command in commands]
        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(ask, commands))

    def send_simultaneously(self, requests: Sequence[Request]) -> list[Answer]:
        """All at the same moment, however many the seller reads at once: every thread waits until the last one is ready."""
        if not requests:
            return []
        barrier = Barrier(len(requests))

        def one(request: Request) -> Answer:
            barrier.wait()
            return self.send_at_once(request)

        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(one, requests))

    def note_created(self, *answers: Answer) -> None:
        """So that what was created is released at the end."""
        for answer in answers:
            if answer.accepted and usable_id(answer.instance_id):
                self.session.pool.note_created(answer.instance_id, pending=answer.code == PROCESSING)

    # --- waiting -------------------------------------------------------------------------------------------------------

    def wait_for(self, command: Command) -> Answer:
        """Asks until it is ready: no longer 000004, and a query has something to tell.

        What a seller says of an instance in creation is documented nowhere (saas-v2 §3.2), so a refusal or an empty
        success is waited for as well, once in vain. Raises ``Blocked`` when 000004 takes too long.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            answer = self.ask(command)
            if not self._in_creation(command, answer, time.monotonic() - began):
                return answer
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _in_creation(self, command: Command, answer: Answer, waited: float) -> bool:
        pool, patience = self.session.pool, self.options.patience
        if pool.refusal or pool.unfinished:
            # That creations do not end is known, and need not be waited for at length again.
            patience = min(patience, QUIETLY)
        if answer.code == PROCESSING:
            if answer.tells:
                raise Skipped(Text(en="an instance in creation is answered with data", zh="创建中的实例返回了数据"))
            if waited >= patience:
                raise unfinished(self.target.activity(type(command)), waited)
            return True
        undecided = answer.refused or (answer.succeeded and not answer.tells)
        if not isinstance(command, Query) or not undecided or pool.never_ready:
            return False
        enough = waited >= (patience if pool.asynchronous else min(patience, QUIETLY))
        if enough and not self.parallel:
            pool.never_ready = True
        return not enough

    def wait_ready(self, instance_id: str) -> Answer:
        return self.wait_for(Query(instance_ids=(instance_id,)))

    @property
    def gone(self) -> str:
        """Why nobody answers any more; empty when somebody does, or did again when asked once more."""
        # What a dying server had in hand is cut off; only later ones are refused.
        if self.last is None or not (self.last.unreachable or self.last.fault == "no_answer"):
            return ""
        client, left = self.session.client, self.session.budget.left
        probe = Request("POST", self.options.url, (("Content-Type", "application/json"),), b"{}")
        if not client.send(probe, within=left).unreachable:
            return ""
        # A server that restarts itself gets a moment.
        time.sleep(LONGEST_PAUSE)
        again = client.send(probe, within=left)
        return again.problem if again.unreachable else ""
