"""Mutants that create an order's instance again: after its release, at a retry, for some payments, in each process
(saas-v2 §3.1, saas-v1-license A2.2).
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from tradepost.kit import Create, Query, Release
from tradepost.protocols import registry
from tradepost.protocols.commands import ChargingMode, Command, Done

from .definition import ISSUING, LICENSE, V1, V2, Answering, Shop, mutant, shop_mutant
from .twice import Middleman

ONCE = "idempotency"
BOTH = (V2, V1)
MAKING = (*BOTH, *ISSUING)


def another(command: Create, mark: object) -> Create:
    """Return the same order with an id that the kit does not know."""
    return replace(
        command, order_id=f"{command.order_id}~{mark}", business_id=f"{command.business_id[:-4]}{uuid4().hex[:4]}"
    )


# --- after a release -------------------------------------------------------------------------------------------------


class _ByOrder(Middleman):
    """Knows the order of each instance, and which of them were released."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.orders: dict[str, tuple[str, str]] = {}
        self.releases: Counter[tuple[str, str]] = Counter()

    def act(self, command, honest):
        if isinstance(command, Create):
            order = (command.order_id, command.order_line_id)
            outcome = self.make(command, self.releases[order], honest)
            if isinstance(outcome, Done):
                self.orders[outcome.instance_id] = order
            return outcome
        outcome = honest(command)
        if isinstance(command, Release) and isinstance(outcome, Done) and command.instance_id in self.orders:
            self.releases[self.orders[command.instance_id]] += 1
        return outcome

    def make(self, command, releases, honest):
        return honest(another(command, releases) if releases else command)


@shop_mutant("new_instance_after_release", ONCE, protocols=MAKING)
class ReleaseDeletesTheOrder(_ByOrder):
    """``DELETE FROM orders``: a repeat is new."""


@shop_mutant("new_instance_after_release", ONCE, protocols=BOTH)
class LooksForLivingInstancesOnly(_ByOrder):
    """``WHERE state <> 'released'``: each repeat after a release creates one more."""

    def make(self, command, releases, honest):
        return honest(another(command, uuid4().hex[:6]) if releases else command)


@shop_mutant("new_instance_after_release", ONCE)
class IdsAreMadeOfOrders(_ByOrder):
    """The id is computed from the order, so the released instance exists again under its old id."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.inside: dict[str, str] = {}
        self.told: dict[tuple[str, str], str] = {}

    def make(self, command, releases, honest):
        outcome = super().make(command, releases, honest)
        if not isinstance(outcome, Done):
            return outcome
        told = self.told.setdefault((command.order_id, command.order_line_id), outcome.instance_id)
        self.inside[told] = outcome.instance_id
        return replace(outcome, instance_id=told)

    def act(self, command: Command, honest):
        if isinstance(command, Query):
            asked = {self.inside.get(i, i): i for i in command.instance_ids}
            outcome = honest(replace(command, instance_ids=tuple(asked)))
            if not isinstance(outcome, Done):
                return outcome
            return replace(
                outcome, instances=tuple(replace(one, instance_id=asked[one.instance_id]) for one in outcome.instances)
            )
        if isinstance(command, Create):
            return super().act(command, honest)
        told = str(getattr(command, "instance_id", ""))
        inside: Any = replace(command, instance_id=self.inside.get(told, told))  # type: ignore[call-arg]
        outcome = honest(inside)
        if isinstance(command, Release) and isinstance(outcome, Done) and told in self.orders:
            self.releases[self.orders[told]] += 1
        return outcome


# --- retries ---------------------------------------------------------------------------------------------------------


@shop_mutant("new_instance_id_each_call", ONCE, protocols=MAKING)
class ARetryIsANewOrder(Middleman):
    """Only a call with the first businessId is treated as a repeat; others are not remembered."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.first: dict[tuple[str, str], str] = {}

    def act(self, command, honest):
        if isinstance(command, Create):
            first = self.first.setdefault((command.order_id, command.order_line_id), command.business_id)
            command = command if first == command.business_id else another(command, uuid4().hex)
        return honest(command)


@shop_mutant("new_instance_id_each_call", ONCE, protocols=BOTH)
class TheSecondCallMakesAnother(Middleman):
    """The first row does not exist yet when the second call looks; the third finds the oldest."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.calls: Counter[tuple[str, str]] = Counter()

    def act(self, command, honest):
        if isinstance(command, Create):
            order = (command.order_id, command.order_line_id)
            self.calls[order] += 1
            command = another(command, "again") if self.calls[order] == 2 else command
        return honest(command)


@shop_mutant("new_instance_id_each_call", ONCE, protocols=BOTH)
class KeepsOrdersInACache(Middleman):
    """For a tenth of a second here; for minutes in the servers that did."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.made: dict[tuple[str, str], tuple[float, str]] = {}

    def act(self, command, honest):
        if isinstance(command, Create):
            order, now = (command.order_id, command.order_line_id), time.monotonic()
            made, mark = self.made.get(order, (0.0, ""))
            if now - made > 0.1:
                mark = uuid4().hex[:6] if mark or made else "first"
                self.made[order] = now, mark
            command = command if mark == "first" else another(command, mark)
        return honest(command)


# --- several processes -----------------------------------------------------------------------------------------------


class _Processes(Middleman):
    """Workers that each remember their orders. The instance's id is the businessId that a worker saw first (saas-v2
    §3.1)."""

    number = 4

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.chance = random.Random(19)
        self.turn = 0
        self.memories: list[dict[tuple[str, str], Create]] = [{} for _ in range(self.number)]

    def worker(self) -> int:
        return self.chance.randrange(self.number)

    def act(self, command, honest):
        if not isinstance(command, Create):
            return honest(command)
        memory = self.memories[self.worker()]
        known = memory.setdefault((command.order_id, command.order_line_id), command)
        return honest(replace(known, order_id=f"{known.order_id}@{known.business_id}"))


@shop_mutant("memories_differ", ONCE, protocols=MAKING)
class FourWorkersRememberTheirOrders(_Processes):
    pass


@shop_mutant("memories_differ", ONCE, protocols=BOTH)
class EightWorkersRememberTheirOrders(_Processes):
    number = 8


@shop_mutant("memories_differ", ONCE, protocols=BOTH)
class TwoWorkersInTurn(_Processes):
    number = 2

    def worker(self) -> int:
        self.turn += 1
        return self.turn % 2


# --- by charging mode ------------------------------------------------------------------------------------------------


class _ByMode(Middleman):
    mode = ChargingMode.ON_DEMAND

    def act(self, command, honest):
        if isinstance(command, Create) and command.purchase and command.purchase.charging_mode is self.mode:
            command = another(command, uuid4().hex)
        return honest(command)


@shop_mutant("new_instance_id_each_call", ONCE, protocols=(V1, LICENSE))
class OnDemandIsNotLookedUp(_ByMode):
    """Another branch of the program, added later."""


@shop_mutant("new_instance_id_each_call", ONCE, protocols=(V1,))
class OneTimeIsNotLookedUp(_ByMode):
    mode = ChargingMode.ONE_TIME


@shop_mutant("new_instance_id_each_call", ONCE, protocols=(V1,))
class PackagesAreNotLookedUp(_ByMode):
    mode = ChargingMode.ON_DEMAND_PKG


@shop_mutant("new_instance_id_each_call", ONCE, protocols=(V1,))
class TrialsAreNotLookedUp(Middleman):
    def act(self, command, honest):
        trial = isinstance(command, Create) and command.purchase and command.purchase.trial
        return honest(another(command, uuid4().hex) if trial else command)


@shop_mutant("business_id_as_key", ONCE, protocols=(V1,))
class OnDemandIsKeyedByBusinessId(Middleman):
    """The lines of a pay-per-use order had to be distinguished, and businessId was available."""

    def act(self, command, honest):
        on_demand = isinstance(command, Create) and command.purchase and not command.purchase.expires_at
        return honest(replace(command, order_id=command.business_id) if on_demand else command)


@shop_mutant("product_ignored", ONCE, protocols=(V1,), warned=True)
class OnDemandKeyIsTheOrderAlone(Middleman):
    """One order with several metered items is one call and one instance for each of them."""

    def act(self, command, honest):
        on_demand = isinstance(command, Create) and command.purchase and not command.purchase.expires_at
        if on_demand:
            command = replace(command, purchase=replace(command.purchase, charging_mode=ChargingMode.ONE_TIME))
        return honest(command)


@mutant("memories_differ", ONCE, protocols=BOTH)
def four_processes_without_a_database(folder: Path, protocol: str) -> Answering:
    """Each keeps its own orders, instances and nonces, and any of them may answer."""
    shops = []
    for number in range(4):
        place = folder / str(number)
        place.mkdir()
        shops.append(Shop(place, registry.protocol(protocol)))
    chance = random.Random(3)
    return lambda request, now, nonce: chance.choice(shops).respond(request, now, nonce)
