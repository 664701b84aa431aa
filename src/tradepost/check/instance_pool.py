"""Instances that the run made at the seller, for checks to look at or to work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query

from .answers import NOT_AUTHENTIC, Answer, readable
from .outcomes import Failed, Skipped
from .samples import Order

if TYPE_CHECKING:
    from .caller import Caller

BATCH = 8
"""Instances made at once: an asynchronous seller then keeps the run waiting only once in a while."""
FIRST_BATCH = 2
"""One to look at, one for test calls."""


@dataclass(slots=True)
class CreatedInstance:
    """An instance that this run created. ``expires_at`` was told at its creation, where a version does so."""

    instance_id: str
    order: Order
    expires_at: datetime | None = None


def usable_id(instance_id: str) -> bool:
    """Whether other activities can carry it (saas-v2 §3.1, §3.2)."""
    return 0 < len(instance_id.strip()) <= 64 and "," not in instance_id


@dataclass(slots=True)
class InstancePool:
    refusal: Skipped | None = None
    """Why there can be no instances: the first creation was refused."""
    _free: list[CreatedInstance] = field(default_factory=list)
    _read_only: CreatedInstance | None = None
    _for_tests: CreatedInstance | None = None
    _lock: Lock = field(default_factory=Lock)

    def read_only(self, caller: Caller) -> CreatedInstance:
        """One that everybody may look at, and nobody changes."""
        with self._lock:
            return self._begun(caller)

    def for_tests(self, caller: Caller) -> CreatedInstance:
        """One for test calls: a seller that obeys them must not spoil what is looked at."""
        with self._lock:
            return self._for_tests or self._begun(caller)

    def acquire(self, caller: Caller) -> CreatedInstance:
        """One that nobody else has: ready, neither frozen nor released."""
        with self._lock:
            self._begun(caller)
            if self._free:
                return self._free.pop()
            if not caller.shared.in_parallel:
                self._free = _made(caller, BATCH)
                return self._free.pop()
        # The others are made by those who need them, side by side.
        return _made(caller, 1)[0]

    def fresh(self, caller: Caller) -> CreatedInstance:
        """One that no check has touched."""
        with self._lock:
            self._begun(caller)
        return _made(caller, 1)[0]

    def give_back(self, made: CreatedInstance) -> None:
        """As it was acquired."""
        with self._lock:
            self._free.insert(0, made)

    def forget(self) -> None:
        """A seller that forgot one has forgotten all."""
        with self._lock:
            self._free, self._read_only, self._for_tests = [], None, None

    def _begun(self, caller: Caller) -> CreatedInstance:
        if self.refusal is not None:
            raise self.refusal
        if self._read_only is None:
            try:
                first = _made(caller, FIRST_BATCH if caller.options.at_once > 1 else BATCH)
            except Skipped as reason:
                self.refusal = reason
                raise
            self._read_only = first.pop()
            # A seller that refuses the second has a mistake of its own.
            self._for_tests = first.pop() if first else self._read_only
            self._free += first
        return self._read_only


def _made(caller: Caller, number: int) -> list[CreatedInstance]:
    """Created and ready; at least one. What was exchanged for it is no part of the check."""
    if not caller.target.has(Create):
        raise Skipped("this version has no creation of instances", "该版本没有创建实例的接口")
    aside = caller.aside()
    orders = [aside.samples.order() for _ in range(number)]
    commands = [aside.samples.create(order) for order in orders]
    # The first alone: when it is refused, one request is enough to know it.
    first = aside.create(commands[0])
    _usable(first)
    answers = [first, *aside.each(aside.create, commands[1:])]
    good = [
        (CreatedInstance(answer.instance_id, order, command.purchase.expires_at if command.purchase else None), command)
        for answer, order, command in zip(answers, orders, commands, strict=True)
        if answer.accepted and usable_id(answer.instance_id)
    ]
    _wait(aside, good)
    return [made for made, _ in good]


def _wait(caller: Caller, made: Sequence[tuple[CreatedInstance, Create]]) -> None:
    """Until all are ready: by query, or by repeating the creation where a version has no query."""
    queries = caller.target.has(Query)
    probes: list[Command] = [Query(instance_ids=(one.instance_id,)) if queries else command for one, command in made]
    caller.each(caller.wait_for, probes)


def _usable(answer: Answer) -> None:
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
        told, told_zh = answer.describe()
        why = " — is the key right?" if answer.code == NOT_AUTHENTIC else ""
        why_zh = "——密钥是否正确？" if answer.code == NOT_AUTHENTIC else ""
        raise Skipped(
            f"an instance is needed, and creating one was refused ({told}){why}",
            f"需要一个实例，但创建被拒绝（{told_zh}）{why_zh}",
        )
