"""Mutants that execute a command twice, or do not repeat it (saas-v2 §3.1, §3.5, §3.6)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from tradepost.kit import Create, Created, Pending, Query, Reject, Release, Upgrade
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Done, InstanceStatus, Outcome, Rejected, SetStatus
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Request

from .crowd import Crowd
from .definition import ISSUING, ONLINE, V1, V2, Answering, Shop, mutant, shop_mutant

ONCE, LOAD = "idempotency", "load"
BOTH = (V2, V1)
MAKING = (*BOTH, *ISSUING)


class Middleman(Shop):
    """Real commands pass ``act`` before they reach the kit, which handles them correctly."""

    def _outcome(self, version: SellerProtocol, command: Command, request: Request, **rest: Any) -> Outcome:
        if command.test:
            return super()._outcome(version, command, request, **rest)
        new = rest["new"]
        if new is not None and self.store.nonce_seen(new.text, now=rest["now"], until=new.until):
            return Rejected(code="000001", message="nonce was used before")
        rest["new"] = None
        try:
            return self.act(command, lambda c: super(Middleman, self)._outcome(version, c, request, **rest))
        except Reject as reject:
            return Rejected(code=reject.code, message=reject.message)

    def act(self, command: Command, honest: Callable[[Command], Outcome]) -> Outcome:
        return honest(command)


@shop_mutant("new_instance_id_each_call", ONCE, protocols=MAKING)
class NewInstanceEachCall(Middleman):
    count = 0

    def act(self, command, honest):
        if isinstance(command, Create):
            self.count += 1
            again = f"-{self.count}"
            command = replace(command, order_id=command.order_id + again, business_id=command.business_id[-30:] + again)
        return honest(command)


@shop_mutant("business_id_as_key", ONCE, protocols=MAKING)
class BusinessIdIsTheKey(Middleman):
    def act(self, command, honest):
        if isinstance(command, Create):
            command = replace(command, order_id=command.business_id, order_line_id="")
        return honest(command)


@shop_mutant("order_line_ignored", ONCE, protocols=(V2, ONLINE))
class OrderLineIgnored(Middleman):
    def act(self, command, honest):
        if isinstance(command, Create):
            command = replace(command, order_line_id="")
        return honest(command)


@shop_mutant("two_answers_in_parallel", ONCE, protocols=MAKING)
class LooksBeforeItInserts(Middleman):
    """``SELECT``, then ``INSERT``, without a unique key."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.made: dict[tuple[str, str], str] = {}
        self.crowd = Crowd()

    def act(self, command, honest):
        if not isinstance(command, Create):
            return honest(command)
        order = (command.order_id, command.order_line_id)
        known = self.made.get(order)
        self.crowd.meet()
        if known is None:
            honest(replace(command, order_id=command.business_id))
            known = self.made[order] = command.business_id
        return Done(instance_id=known, license="LICENSE-1")


@shop_mutant("id_collision_under_load", ONCE)
class CounterWithoutLock(Middleman):
    """Parallel orders get the same ID; each is created once."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.count = 1000
        self.guard = Lock()
        self.told: dict[tuple[str, str], str] = {}
        self.rows: dict[tuple[str, str], Lock] = {}
        self.inside: dict[str, str] = {}
        self.crowd = Crowd()

    def act(self, command, honest):
        if isinstance(command, Create):
            return self.create(command, honest)
        if isinstance(command, Query):
            return self.tell(command, honest)
        return honest(replace(command, instance_id=self.inside.get(command.instance_id, command.instance_id)))

    def create(self, command, honest):
        order = (command.order_id, command.order_line_id)
        with self.guard:
            row = self.rows.setdefault(order, Lock())
        with row:
            outcome = honest(command)
            if order not in self.told:
                number = self.count + 1
                self.crowd.meet()
                self.count = number
                self.told[order] = f"shop-{number}"
                self.inside[f"shop-{number}"] = outcome.instance_id
            return Done(instance_id=self.told[order])

    def tell(self, command, honest):
        asked = {self.inside.get(i, i): i for i in command.instance_ids}
        outcome = honest(replace(command, instance_ids=tuple(asked)))
        if not isinstance(outcome, Done):
            return outcome
        infos = (replace(info, instance_id=asked[info.instance_id]) for info in outcome.instances)
        return replace(outcome, instances=tuple(infos))


@mutant("fails_in_parallel", ONCE, protocols=BOTH)
def no_patience(folder: Path, protocol: str) -> Answering:
    """The second of two repeats is refused while the first is in progress."""

    crowd = Crowd()

    class Impatient(Shop):
        def respond(self, request, now, nonce, **rest):
            crowd.arrive()
            return super().respond(request, now, nonce, **rest)

        def on_create(self, command: Create) -> Created | Pending:
            crowd.stay()
            return super().on_create(command)

    return Impatient(folder, registry.protocol(protocol), patience=timedelta(0)).respond


@mutant("forgets_after_restart", ONCE, restart="restarted")
def remembers_in_memory(folder: Path, protocol: str) -> Answering:
    """Its sales are lost with its process; the tester's restart command leaves a file here."""
    shops: list[Shop] = []

    def answering(request, now, nonce):
        mark = folder / "restarted"
        if mark.exists() or not shops:
            mark.unlink(missing_ok=True)
            place = folder / f"process-{len(shops)}"
            place.mkdir()
            shops.append(Shop(place, registry.protocol(protocol)))
        return shops[-1].respond(request, now, nonce)

    return answering


@shop_mutant("repeat_refused", ONCE, "lifecycle", protocols=MAKING)
class ReleasesOnce(Middleman):
    def act(self, command, honest):
        if isinstance(command, Release):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "released":
                raise Reject("000003", "the instance was released before")
        return honest(command)


@shop_mutant("repeat_refused", ONCE, "lifecycle", protocols=(*BOTH, ONLINE))
class FreezesOnce(Middleman):
    def act(self, command, honest):
        if isinstance(command, SetStatus) and command.status is InstanceStatus.FREEZE:
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "frozen":
                raise Reject("000005", "the instance is frozen already")
        return honest(command)


@shop_mutant("repeat_refused", ONCE, "lifecycle")
class UpgradesOnce(Middleman):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Upgrade):
            if command.order_id in self.orders:
                raise Reject("000005", "duplicate order")
            self.orders.add(command.order_id)
        return honest(command)


@shop_mutant("repeat_refused", ONCE, protocols=BOTH)
class CreatesOnce(Middleman):
    """A unique key in the database, whose error is the answer."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.lock = Lock()
        self.orders: set[tuple[str, str]] = set()

    def act(self, command, honest):
        if isinstance(command, Create):
            with self.lock:
                if (command.order_id, command.order_line_id) in self.orders:
                    raise Reject("000103", "the order exists already")
                self.orders.add((command.order_id, command.order_line_id))
        return honest(command)


class _Crowded(Middleman):
    """Count the requests in progress."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.crowd = Crowd()

    def act(self, command, honest):
        with self.crowd as number:
            return self.crowded(number) or honest(command)

    def crowded(self, number: int) -> Outcome | None:
        """``number``: requests in progress, including this one, when it arrived."""
        return None


@shop_mutant("fails_under_load", LOAD)
class FiveConnectionsToItsDatabase(_Crowded):
    def crowded(self, number: int) -> Outcome | None:
        return Rejected(code="000005", message="connection pool exhausted") if number > 5 else None


@shop_mutant("slow_under_load", LOAD, answer_within=1.5)
class SlowInACrowd(_Crowded):
    """Fast alone; fifty parallel calls wait for each other."""

    def crowded(self, number: int) -> Outcome | None:
        if number > 12:
            time.sleep(1.8)
        return None
