"""Plays the market for one check: makes signed requests, sends them, and keeps what was exchanged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Barrier
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query, Release, SetStatus
from tradepost.protocols.http import Request
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant

from .answers import PROCESSING, Answer, failed
from .dialects import SigningInputs, shifted
from .instance_pool import CreatedInstance, usable_id
from .outcomes import Failed, Skipped
from .results import Exchange
from .samples import Samples

if TYPE_CHECKING:
    from .http_client import Received
    from .options import Options
    from .shared import Shared
    from .target import Target

PATIENT_FOR = 3
"""Answers in a row that may take too long before the run is given up."""
TOO_SOON = 4
"""How often a request is sent again that came too soon for the seller."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5
QUIETLY = 3.0
"""Seconds for which an instance is waited for that was not announced with 000004; no page says what comes meanwhile."""

__all__ = ["Caller", "CreatedInstance", "usable_id"]


@dataclass(slots=True)
class Caller:
    """``linger``: notice what a seller sends after its answers."""

    shared: Shared
    exchanges: list[Exchange] = field(default_factory=list)
    last: Received | None = None
    linger: bool = False

    @property
    def target(self) -> Target:
        return self.shared.target

    @property
    def options(self) -> Options:
        return self.shared.options

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.shared.clock

    @property
    def chance(self) -> Callable[[], str]:
        return self.shared.chance

    @property
    def samples(self) -> Samples:
        return Samples(self.clock, self.chance, self.options.public_key)

    def aside(self) -> Caller:
        """For what is done for a check and is no part of it."""
        return Caller(self.shared)

    # --- requests --------------------------------------------------------------------------------------------------

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

    # --- sending ---------------------------------------------------------------------------------------------------

    def send(self, request: Request, *, pieces: int = 1) -> Answer:
        """One request, when there is a place for it; again, as a market does, when it came too soon for the seller."""
        shared = self.shared
        answer = self._sent(request, pieces)
        for _ in range(TOO_SOON):
            if not answer.turned_away or not shared.may_wait(answer.retry_after):
                break
            time.sleep(answer.retry_after)
            answer = self._sent(request, pieces)
        if shared.slow_streak >= PATIENT_FOR:
            shared.given_up = True
            raise failed("too_slow" if answer.received.fault == "too_slow" else "slow_answer", answer)
        return answer

    def _sent(self, request: Request, pieces: int) -> Answer:
        shared = self.shared
        with shared.concurrency.slot():
            if shared.stopped:
                raise Skipped("the run was stopped", "检测已停止")
            alone = not shared.in_parallel
            began = time.monotonic()
            answer = self.send_at_once(request, pieces=pieces)
        shared.concurrency.learn(answer.received, began)
        if alone:
            with shared.lock:
                late = answer.received.seconds > self.target.seconds or answer.received.fault == "too_slow"
                shared.slow_streak = shared.slow_streak + 1 if late else 0
        return answer

    def send_at_once(self, request: Request, *, pieces: int = 1, hold: Callable[[], object] | None = None) -> Answer:
        """At once, however many others are under way. ``hold`` is called when all but the last byte has been sent."""
        sent_at = self.clock()
        received = self.shared.client.send(request, pieces=pieces, linger=self.linger, hold=hold)
        answer = Answer(request, received)
        exchange = Exchange(request, sent_at, received.seconds, received.raw, received.problem)
        with self.shared.lock:
            self.last = received
            self.exchanges.append(exchange)
            self.shared.everything.append(answer)
        return answer

    def ask(self, command: Command) -> Answer:
        answer = self.send(self.request(command))
        if isinstance(command, Create) and not command.test:
            self.note_created(answer)
        return answer

    def create(self, command: Create) -> Answer:
        """Asked again while it is 000004 without an id, as a market does: the id is optional then."""
        answer = self.ask(command)
        return self.wait_for(command) if answer.code == PROCESSING and not answer.instance_id else answer

    def each[C, R](self, ask: Callable[[C], R], commands: Sequence[C]) -> list[R]:
        """All of them, side by side where the seller reads so."""
        if not self.shared.concurrency.parallel or len(commands) < 2:
            return [ask(command) for command in commands]
        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(ask, commands))

    def together(self, requests: Sequence[Request]) -> list[Answer]:
        """All at the same moment, however many the seller reads at once: every thread waits until the last one is ready."""
        if not requests:
            return []
        barrier = Barrier(len(requests))

        def one(request: Request) -> Answer:
            barrier.wait()
            return self.send_at_once(request)

        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(one, requests))

    # --- instances -------------------------------------------------------------------------------------------------

    def note_created(self, *answers: Answer) -> None:
        with self.shared.lock:
            for answer in answers:
                if answer.accepted and usable_id(answer.instance_id):
                    self.shared.created.setdefault(answer.instance_id)
                    self.shared.announces |= answer.code == PROCESSING

    def offers(self, kind: type[Command]) -> bool:
        """Whether an optional activity is implemented: a correct test call of it is not refused."""
        shared = self.shared
        with shared.memo:
            found = shared.offered.get(kind)
            if found is None:
                command = self.samples.of(kind, self.any_id(), test=True)
                found = command is not None and self.ask(command).accepted
                # What fails in parallel may be our haste, and is not remembered.
                if found or not shared.in_parallel:
                    shared.offered[kind] = found
            return found

    def need(self, kind: type[Command]) -> None:
        """Skips the check when the seller does without an activity that it may leave out."""
        if kind in self.target.left_out:
            name = self.target.activity(kind)
            raise Skipped(f"{name} is left out by this seller (saas-v2 §1.4)", f"该商家不提供{name}（saas-v2 §1.4）")
        if kind in self.target.specification.optional and not self.offers(kind):
            if not any(map(self.offers, self.target.protocol.activities)):
                # All may be left out, but a seller that offers none has nothing to be tested for.
                return
            name = self.target.activity(kind)
            raise Skipped(
                f"{name} is refused: optional, and taken as not offered (saas-v2 §1.4)",
                f"{name}被拒绝：该接口可选，视为未提供（saas-v2 §1.4）",
            )

    def need_correct(self) -> None:
        """A seller that refuses everything is told so once, not by every check that sends a correct request."""
        with self.shared.memo:
            if not self.shared.accepts:
                self.shared.accepts = self.ask(self.harmless()).accepted
        if not self.shared.accepts:
            raise Skipped("an ordinary correct request is refused already", "普通的正确请求已经被拒绝")

    def need_real(self) -> None:
        """Where no real creation works, that is the mistake, not what a test call did before."""
        shared = self.shared
        with shared.memo:
            works = shared.real_works
            if works is None:
                # A fresh one: a test call may have done harm to the others.
                works = self.look(shared.pool.fresh(self).instance_id).succeeded
                if works or not shared.in_parallel:
                    shared.real_works = works
        if not works:
            raise Skipped(
                "a real instance is not there after its creation, see the groups shape and debug",
                "真实实例创建后不存在，见shape组与debug组",
            )

    def harmless(self, *, test: bool = True) -> Command:
        """A correct command that changes nothing: a query where there is one, else a test call."""
        if self.target.has(Query):
            return Query(instance_ids=(self.any_id(test=test),), test=test)
        for kind in self.target.protocol.activities:
            command = self.samples.of(kind, self.any_id(), test=True)
            if command is not None and kind not in self.target.left_out:
                return command
        raise Skipped("the tester has no sample of this version's requests", "测试程序没有该版本的请求样例")

    def real(self) -> Command:
        """A real command that harms nobody even where it is obeyed: about what does not exist, or a query."""
        known = [kind for kind in self.target.protocol.activities if kind not in self.target.left_out]
        if Query in known:
            return Query(instance_ids=(self.any_id(test=False),))
        if SyncTenant in known:
            return replace(self.samples.tenant(test=False), flag=SyncFlag.DELETE)
        kind = next((kind for kind in (SetStatus, Release, *known) if kind in known), None)
        command = self.samples.of(kind, self.samples.unknown_id()) if kind else None
        return command or self.harmless()

    def any_id(self, *, test: bool = True) -> str:
        """An instance id for test calls, or to look at: one that exists if there is any, else an invented one."""
        if Create in self.target.protocol.activities:
            pool = self.shared.pool
            try:
                return (pool.for_tests(self) if test else pool.read_only(self)).instance_id
            except Skipped:
                pass
            except Failed:
                if self.shared.given_up:
                    raise
        return self.samples.unknown_id()

    def instance(self, *, keep: bool = False) -> CreatedInstance:
        """A ready instance of its own for a check. ``keep``: only to look at, others look at it too."""
        return self.shared.pool.read_only(self) if keep else self.shared.pool.acquire(self)

    def fresh(self) -> CreatedInstance:
        """A ready instance that no check has touched."""
        return self.shared.pool.fresh(self)

    def look(self, instance_id: str) -> Answer:
        """Whether it is there: by a query, or by a renewal, which a released one refuses."""
        queried = self.target.has(Query)
        return self.ask(Query(instance_ids=(instance_id,)) if queried else self.samples.refresh(instance_id))

    def give_back(self, *made: CreatedInstance) -> None:
        """Instances that a check left as they were: ready, not frozen, not released."""
        for one in made:
            self.shared.pool.give_back(one)

    @contextmanager
    def lent(self) -> Iterator[CreatedInstance]:
        """An instance of its own, which the check leaves as it was when nothing goes wrong."""
        made = self.instance()
        yield made
        self.give_back(made)

    # --- waiting ---------------------------------------------------------------------------------------------------

    def wait_for(self, command: Command) -> Answer:
        """Asks until it is ready: no longer 000004, and a query has something to tell.

        What a seller says of an instance in creation is documented nowhere (saas-v2 §3.2), so a refusal or an empty
        success is waited for as well, once in vain. Raises ``Skipped`` when 000004 takes too long.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            answer = self.ask(command)
            if not self._in_creation(command, answer, time.monotonic() - began):
                return answer
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _in_creation(self, command: Command, answer: Answer, waited: float) -> bool:
        shared, patience = self.shared, self.options.patience
        if answer.code == PROCESSING:
            if answer.tells:
                raise Skipped("an instance in creation is answered with data", "创建中的实例返回了数据")
            if waited >= patience:
                raise Skipped(
                    f"the instance was still being created after {patience:g} s",
                    f"{patience:g}秒后实例仍在创建中",
                )
            return True
        undecided = answer.refused or (answer.succeeded and not answer.tells)
        if not isinstance(command, Query) or not undecided or shared.never_ready:
            return False
        enough = waited >= (patience if shared.announces else min(patience, QUIETLY))
        if enough and not shared.in_parallel:
            shared.never_ready = True
        return not enough

    def wait_ready(self, instance_id: str) -> Answer:
        return self.wait_for(Query(instance_ids=(instance_id,)))

    @property
    def gone(self) -> str:
        """Why nobody answers any more; empty when somebody does, or did again when asked once more."""
        # What a dying server had in hand is cut off; only later ones are refused.
        if self.last is None or not (self.last.unreachable or self.last.fault == "no_answer"):
            return ""
        probe = Request("POST", self.options.url, (("Content-Type", "application/json"),), b"{}")
        if not self.shared.client.send(probe).unreachable:
            return ""
        # A server that restarts itself gets a moment.
        time.sleep(LONGEST_PAUSE)
        again = self.shared.client.send(probe)
        return again.problem if again.unreachable else ""


def clean_up(shared: Shared, ids: Iterable[str]) -> None:
    """Releases what the run made; what the seller says to it does not matter any more."""
    caller = Caller(shared)
    if not shared.target.has(Release) or shared.given_up:
        return

    def release(instance_id: str) -> None:
        with shared.concurrency.slot():
            shared.client.send(caller.request(caller.samples.release(instance_id)))

    if shared.concurrency.parallel:
        with ThreadPoolExecutor(shared.concurrency.most) as threads:
            list(threads.map(release, ids))
        return
    for instance_id in ids:
        release(instance_id)
