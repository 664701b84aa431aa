"""Plays the market for one run: makes signed requests, sends them, keeps what was exchanged, and instances to work on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Barrier, Lock
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query, Release, SetStatus
from tradepost.protocols.http import Request
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant

from .answers import NOT_AUTHENTIC, PROCESSING, Answer, failed, readable
from .declaring import Failed, Skipped
from .dialects import Seal, shifted
from .results import Exchange
from .samples import Order, Samples

if TYPE_CHECKING:
    from .facts import Facts
    from .options import Options
    from .sending import Sender

BATCH = 8
"""Instances made at once: an asynchronous seller then keeps the run waiting only once in a while."""
PATIENT_FOR = 3
"""Answers in a row that may take too long before the run is given up."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5


@dataclass(slots=True)
class Made:
    """An instance that this run created. ``expires_at`` was told at its creation, where a version does so."""

    instance_id: str
    order: Order
    expires_at: datetime | None = None


def usable_id(instance_id: str) -> bool:
    """Whether other activities can carry it (saas-v2 §3.1, §3.2)."""
    return 0 < len(instance_id.strip()) <= 64 and "," not in instance_id


@dataclass(slots=True)
class Caller:
    """``clock`` gives the time, ``chance`` 32 or more fresh alphanumerics."""

    facts: Facts
    options: Options
    sender: Sender
    clock: Callable[[], datetime]
    chance: Callable[[], str]
    exchanges: list[Exchange] = field(default_factory=list)
    everything: list[Answer] = field(default_factory=list)
    """All answers of the run, for the checks that look for leaks."""
    stock: list[Made] = field(default_factory=list)
    created: dict[str, None] = field(default_factory=dict)
    """Ids to release at the end, so that a run leaves nothing behind."""
    no_stock: Skipped | None = None
    accepts: bool = False
    """Whether an ordinary correct request was accepted before."""
    locked_out: bool = False
    """Whether correct requests are refused as not authentic, whatever they ask."""
    real_works: bool | None = None
    """Whether a fresh instance can be queried, once it was tried."""
    slow_streak: int = 0
    """How many answers in a row took too long, requests in a crowd excepted."""
    given_up: bool = False
    """Nothing more is asked of a seller that needs seconds for everything: a run would take hours."""
    used: tuple[float, Request] | None = None
    """A request that was accepted, and when: one to send again."""
    _offered: dict[type[Command], bool] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def samples(self) -> Samples:
        return Samples(self.clock, self.chance, self.options.public_key)

    # --- requests --------------------------------------------------------------------------------------------------

    def seal(self, *, key: str | None = None, shift: float = 0, nonce: str | None = None) -> Seal:
        """``shift``: seconds to add to the time."""
        return Seal(
            key=self.options.key if key is None else key,
            now=shifted(self.clock(), shift),
            nonce=self.chance() if nonce is None else nonce,
        )

    def request(
        self, command: Command, *, key: str | None = None, shift: float = 0, nonce: str | None = None
    ) -> Request:
        """What a market would send."""
        seal = self.seal(key=key, shift=shift, nonce=nonce)
        return self.facts.protocol.encode(
            command, address=self.options.url, key=seal.key, now=seal.now, nonce=seal.nonce
        )

    def changed(self, command: Command, changes: Mapping[str, object], *, nonce: str | None = None) -> Request:
        """The request with members replaced, added, or left out where the change is None; correctly signed."""
        request = self.request(command)
        members = {**self.facts.dialect.members(request), **changes}
        kept = {name: value for name, value in members.items() if value is not None}
        return self.facts.dialect.sealed(request, kept, self.seal(nonce=nonce))

    # --- sending ---------------------------------------------------------------------------------------------------

    def send(self, request: Request, *, pieces: int = 1, alone: bool = True) -> Answer:
        sent_at = self.clock()
        received = self.sender.send(request, pieces=pieces)
        answer = Answer(request, received)
        exchange = Exchange(request, sent_at, received.seconds, received.raw, received.problem)
        with self._lock:
            if alone:
                late = received.seconds > self.facts.seconds or received.fault == "too_slow"
                self.slow_streak = self.slow_streak + 1 if late else 0
            self.exchanges.append(exchange)
            self.everything.append(answer)
        if self.slow_streak >= PATIENT_FOR:
            self.given_up = True
            raise failed("too_slow" if received.fault == "too_slow" else "slow_answer", answer)
        return answer

    def ask(self, command: Command) -> Answer:
        answer = self.send(self.request(command))
        if isinstance(command, Create) and not command.test:
            self.note_created(answer)
        return answer

    def create(self, command: Create) -> Answer:
        """Asked again while it is 000004 without an id, as a market does: the id is optional then."""
        return self._named(command, self.ask(command))

    def _named(self, command: Create, answer: Answer) -> Answer:
        if answer.code == PROCESSING and not answer.instance_id:
            return self.wait_for(command, time.monotonic() + self.options.patience)
        return answer

    def together(self, requests: Sequence[Request]) -> list[Answer]:
        """All at the same moment: every thread waits until the last one is ready."""
        if not requests:
            return []
        barrier = Barrier(len(requests))

        def one(request: Request) -> Answer:
            barrier.wait()
            return self.send(request, alone=False)

        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(one, requests))

    # --- instances -------------------------------------------------------------------------------------------------

    def note_created(self, *answers: Answer) -> None:
        for answer in answers:
            if answer.accepted and usable_id(answer.instance_id):
                self.created.setdefault(answer.instance_id)

    def offers(self, kind: type[Command]) -> bool:
        """Whether an optional activity is implemented: a correct test call of it is not refused."""
        if kind not in self._offered:
            command = self.samples.of(kind, self.any_id(), test=True)
            self._offered[kind] = command is not None and self.ask(command).accepted
        return self._offered[kind]

    def need(self, kind: type[Command]) -> None:
        """Skips the check when the seller does without an activity that it may leave out."""
        if kind in self.facts.left_out:
            name = self.facts.activity(kind)
            raise Skipped(f"{name} is left out by this seller (saas-v2 §1.4)", f"该商家不提供{name}（saas-v2 §1.4）")
        if kind in self.facts.conduct.optional and not self.offers(kind):
            if not any(map(self.offers, self.facts.protocol.activities)):
                # All may be left out, but a seller that offers none has nothing to be tested for.
                return
            name = self.facts.activity(kind)
            raise Skipped(
                f"{name} is refused: optional, and taken as not offered (saas-v2 §1.4)",
                f"{name}被拒绝：该接口可选，视为未提供（saas-v2 §1.4）",
            )

    def need_correct(self) -> None:
        """A seller that refuses everything is told so once, not by every check that sends a correct request."""
        if not self.accepts:
            self.accepts = self.ask(self.harmless()).accepted
        if not self.accepts:
            raise Skipped("an ordinary correct request is refused already", "普通的正确请求已经被拒绝")

    def harmless(self, *, test: bool = True) -> Command:
        """A correct command that changes nothing: a query where there is one, else a test call."""
        if self.facts.has(Query):
            return Query(instance_ids=(self.any_id(),), test=test)
        for kind in self.facts.protocol.activities:
            command = self.samples.of(kind, self.any_id(), test=True)
            if command is not None and kind not in self.facts.left_out:
                return command
        raise Skipped("the tester has no sample of this version's requests", "测试程序没有该版本的请求样例")

    def real(self) -> Command:
        """A real command that harms nobody even where it is obeyed: about what does not exist, or a query."""
        known = [kind for kind in self.facts.protocol.activities if kind not in self.facts.left_out]
        if Query in known:
            return Query(instance_ids=(self.any_id(),))
        if SyncTenant in known:
            return replace(self.samples.tenant(test=False), flag=SyncFlag.DELETE)
        kind = next((kind for kind in (SetStatus, Release, *known) if kind in known), None)
        command = self.samples.of(kind, self.samples.unknown_id()) if kind else None
        return command or self.harmless()

    def any_id(self) -> str:
        """An instance id for test calls: one that exists if there is any, else an invented one."""
        if Create in self.facts.protocol.activities:
            try:
                return self.instance(keep=True).instance_id
            except (Skipped, Failed):
                pass
        return self.samples.unknown_id()

    def instance(self, *, keep: bool = False) -> Made:
        """A ready instance of its own for a check. ``keep``: only to look at, others may look at it too."""
        if self.no_stock is not None:
            raise self.no_stock
        if not self.stock:
            before = self.exchanges
            self.exchanges = []
            try:
                self.stock = self._make(BATCH)
            except Skipped as reason:
                self.no_stock = reason
                raise
            finally:
                self.exchanges = before
        return self.stock[-1] if keep else self.stock.pop()

    def fresh(self) -> Made:
        """A ready instance that no check has touched."""
        self.instance(keep=True)
        return self._make(1)[0]

    def give_back(self, made: Made) -> None:
        """An instance that a check left as it was: ready, not frozen, not released."""
        self.stock.insert(0, made)

    def _make(self, number: int) -> list[Made]:
        if not self.facts.has(Create):
            raise Skipped("this version has no creation of instances", "该版本没有创建实例的接口")
        orders = [self.samples.order() for _ in range(number)]
        commands = [self.samples.create(order) for order in orders]
        # The first alone: when it is refused, one request is enough to know it.
        answers = [self.create(commands[0])]
        self._usable(answers[0])
        first = self.together([self.request(command) for command in commands[1:]])
        self.note_created(*first)
        answers += [self._named(command, answer) for command, answer in zip(commands[1:], first, strict=True)]
        good = [
            (Made(a.instance_id, o, c.purchase.expires_at if c.purchase else None), c)
            for a, o, c in zip(answers, orders, commands, strict=True)
            if a.accepted and usable_id(a.instance_id)
        ]
        made = [one for one, _ in good]
        self._wait(made, [command for _, command in good])
        return made

    def _usable(self, answer: Answer) -> None:
        try:
            readable(answer)
        except Failed as reason:
            raise Skipped(
                f"an instance is needed, and creating one failed ({reason.seen})",
                f"需要一个实例，但创建失败（{reason.seen_zh}）",
            ) from None
        if answer.accepted and not usable_id(answer.instance_id):
            raise Skipped(
                "an instance is needed, and the id that came cannot be used in other calls",
                "需要一个实例，但返回的instanceId无法用于其他调用",
            )
        if not answer.accepted:
            told, told_zh = answer.told()
            why = " — is the key right?" if answer.code == NOT_AUTHENTIC else ""
            why_zh = "——密钥是否正确？" if answer.code == NOT_AUTHENTIC else ""
            raise Skipped(
                f"an instance is needed, and creating one was refused ({told}){why}",
                f"需要一个实例，但创建被拒绝（{told_zh}）{why_zh}",
            )

    def _wait(self, made: Iterable[Made], commands: Sequence[Command]) -> None:
        """Until all are ready: by query, or by repeating the creation where a version has no query."""
        until = time.monotonic() + self.options.patience
        for one, command in zip(made, commands, strict=False):
            probe = Query(instance_ids=(one.instance_id,)) if self.facts.has(Query) else command
            self.wait_for(probe, until)

    def wait_for(self, command: Command, until: float) -> Answer:
        """Asks until the answer is no longer 000004. Raises ``Skipped`` when that takes too long."""
        pause = FIRST_PAUSE
        while True:
            answer = self.ask(command)
            if answer.code != PROCESSING:
                return answer
            if (answer.members or {}).get("info"):
                raise Skipped("an instance in creation is answered with data", "创建中的实例返回了数据")
            if time.monotonic() >= until:
                patience = f"{self.options.patience:g}"
                raise Skipped(
                    f"the instance was still being created after {patience} s",
                    f"{patience}秒后实例仍在创建中",
                )
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def gone(self) -> str:
        """Why nobody answers any more; empty when somebody does, or did again when asked once more."""
        last = self.everything[-1].received if self.everything else None
        # What a dying server had in hand is cut off; only later ones are refused.
        if last is None or not (last.unreachable or last.fault == "no_answer"):
            return ""
        probe = Request("POST", self.options.url, (("Content-Type", "application/json"),), b"{}")
        if not self.sender.send(probe).unreachable:
            return ""
        # A server that restarts itself gets a moment.
        time.sleep(LONGEST_PAUSE)
        again = self.sender.send(probe)
        return again.problem if again.unreachable else ""

    def wait_ready(self, instance_id: str) -> Answer:
        return self.wait_for(Query(instance_ids=(instance_id,)), time.monotonic() + self.options.patience)

    def clean_up(self) -> None:
        """Releases everything that the run made; what the seller says to it does not matter any more."""
        if not self.facts.has(Release) or self.given_up or self.gone:
            return
        ids = list(self.created)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda i: self.send(self.request(self.samples.release(i)), alone=False), ids))
