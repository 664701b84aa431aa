"""``queue.decide``: every row of the table of operations.md §4, and a lane that settles after any history."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tests import sampling
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.queue import EXPIRED, Decision, LaneState, QueuedOperation, SellerState, decide

ACTIVE, FROZEN, UNKNOWN = SellerState.ACTIVE, SellerState.FROZEN, SellerState.UNKNOWN
PLAIN = LaneState()
OVER = LaneState(reasons=frozenset({EXPIRED}))
BY_OPERATOR = LaneState(reasons=frozenset({"operator"}))
BOTH = LaneState(reasons=frozenset({EXPIRED, "operator"}))


def op(
    number: int, kind: str = "renew", status: str = "queued", *, sent: bool = False, by_timer: bool = False
) -> QueuedOperation:
    return QueuedOperation(
        id=number, kind=kind, status=status, by_timer=by_timer, sent=sent, prolongs=kind in {"renew", "renew_change"},
        ends=kind == "release", outlives=kind == "release_orphan",
    )  # fmt: skip


def running(number: int, kind: str, *, sent: bool = True, by_timer: bool = False) -> QueuedOperation:
    return op(number, kind, "running", sent=sent, by_timer=by_timer)


def stopped(number: int, kind: str) -> QueuedOperation:
    return op(number, kind, "stopped", sent=True)


def with_state(lane_state: LaneState, state: SellerState) -> LaneState:
    return replace(lane_state, seller_state=state)


TABLE = [
    # released | drop all, refund what was paid
    ("released: all that waits is dropped", LaneState(released=True), [op(1), stopped(2, "freeze")], Decision(drop=(1, 2))),
    ("released: what was sent ends by itself", LaneState(released=True), [running(1, "freeze")], Decision()),
    ("released: an orphan is still deleted", LaneState(released=True), [op(1, "release_orphan")], Decision(start=1)),
    # unsubscription, operator's release, or release running | drop other loose ones, refund what was paid
    ("a release that a person wants", PLAIN, [op(1), op(2, "release")], Decision(drop=(1,))),
    ("a release that runs", PLAIN, [running(1, "release"), op(2)], Decision(drop=(2,))),
    ("a release that runs by the calendar", PLAIN, [running(1, "release", by_timer=True), op(2)], Decision(drop=(2,))),
    ("what was sent goes on beside it", PLAIN, [running(1, "renew"), op(2, "release")], Decision()),
    ("a freeze is not needed any more", OVER, [op(1, "freeze"), op(2, "release")], Decision(drop=(1,))),
    ("one release is enough", PLAIN, [op(1, "release"), op(2, "release")], Decision(drop=(2,))),
    ("while it ends nothing else begins", LaneState(ending=True), [op(1), stopped(2, "release")], Decision(drop=(1,))),
    ("a stopped release that is restarted", LaneState(ending=True), [op(1, "release")], Decision(start=1)),
    # timer release queued, paid renewal or conversion open | drop the release
    ("renewed in time", OVER, [op(1), op(2, "release", by_timer=True)], Decision(drop=(2,))),
    ("renewed in time, being told", OVER, [running(1, "renew"), op(2, "release", by_timer=True)], Decision(drop=(2,))),
    (
        "a renewal that stopped holds no release up",
        with_state(OVER, FROZEN), [stopped(1, "renew"), op(2, "release", by_timer=True)], Decision(start=2),
    ),
    # loose freeze: no reason, or seller frozen, or only *expired* and paid renewal open | drop
    ("no reason any more", PLAIN, [op(1, "freeze")], Decision(drop=(1,))),
    ("no reason any more, not sent yet", PLAIN, [running(1, "freeze", sent=False)], Decision(drop=(1,))),
    ("no reason any more, sent", PLAIN, [running(1, "freeze")], Decision()),
    ("no reason any more, stopped", PLAIN, [stopped(1, "freeze")], Decision(drop=(1,))),
    ("frozen already", with_state(OVER, FROZEN), [op(1, "freeze")], Decision(drop=(1,))),
    ("paid meanwhile", OVER, [running(1, "freeze", sent=False), op(2)], Decision(drop=(1,))),
    ("paid, but the operator froze it too", BOTH, [running(1, "freeze", sent=False), op(2)], Decision()),
    # loose unfreeze: reason in force, or seller active | drop
    ("frozen for another reason", with_state(OVER, FROZEN), [op(1, "unfreeze")], Decision(drop=(1,))),
    ("active already", PLAIN, [op(1, "unfreeze")], Decision(drop=(1,))),
    ("a stopped unfreeze is overtaken", with_state(OVER, FROZEN), [stopped(1, "unfreeze")], Decision(drop=(1,))),
    # reason, seller not frozen, no freeze stopped, not (*expired* alone with paid renewal open) | add freeze
    ("a reason stands", OVER, [], Decision(add="freeze")),
    ("a reason stands, and the seller may be frozen", with_state(OVER, UNKNOWN), [], Decision(add="freeze")),
    ("no freeze beside a stopped one", OVER, [stopped(1, "freeze")], Decision()),
    ("no freeze while a renewal is paid", OVER, [op(1)], Decision(start=1)),
    ("the operator's freeze all the same", BOTH, [running(1, "renew")], Decision(add="freeze")),
    ("after a renewal that stopped", OVER, [stopped(1, "renew")], Decision(add="freeze")),
    ("no word for it", replace(BY_OPERATOR, can_freeze=False), [], Decision()),
    # no reason, seller frozen or unknown, no unfreeze stopped, no paid renewal open | add unfreeze
    ("no reason stands", with_state(PLAIN, FROZEN), [], Decision(add="unfreeze")),
    ("nobody knows", with_state(PLAIN, UNKNOWN), [], Decision(add="unfreeze")),
    ("no unfreeze beside a stopped one", with_state(PLAIN, FROZEN), [stopped(1, "unfreeze")], Decision()),
    ("a renewal may thaw it", with_state(PLAIN, FROZEN), [op(1)], Decision(start=1)),
    ("nothing can thaw it", replace(with_state(PLAIN, FROZEN), can_thaw=False), [], Decision()),
    # something running | start none; else | lowest id, release last
    ("one at a time", PLAIN, [running(1, "upgrade"), op(2)], Decision()),
    ("in its turn", PLAIN, [op(3), op(2, "upgrade")], Decision(start=2)),
    ("the release last", PLAIN, [op(1, "release", by_timer=True), op(2, "upgrade")], Decision(start=2)),
    ("what stopped holds nothing up", PLAIN, [stopped(1, "upgrade"), op(2)], Decision(start=2)),
    ("nothing to do", PLAIN, [], Decision()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lane_state", "operations", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_decision_follows_the_table(
    lane_state: LaneState, operations: list[QueuedOperation], expected: Decision
) -> None:
    """operations.md §4, ``decide``."""
    assert decide(lane_state, operations) == expected
    assert decide(lane_state, operations[::-1]) == expected, "the order of rows does not matter"


# --- any history ------------------------------------------------------------------------------------------------------

EVENTS = (
    "renew", "renew_change", "upgrade", "expire", "operator freezes", "operator lifts", "timer release", "person releases",
    "sent", "sent", "done", "done", "done", "lost", "failed", "restart", "restart", "paid back",
)  # fmt: skip


@dataclass
class Lane:
    """A lane, its subscription and an obedient seller. ``thaws``: a renewal ends its freeze."""

    chance: random.Random
    thaws: bool
    reasons: set[str] = field(default_factory=set)
    believed: SellerState = ACTIVE
    frozen: bool = False
    """The state at the seller."""
    released: bool = False
    ending: bool = False
    operations: list[QueuedOperation] = field(default_factory=list)
    number: int = 0
    refunded: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    paid: set[int] = field(default_factory=set)

    @property
    def lane_state(self) -> LaneState:
        can_freeze = bool(self.reasons - {"operator"}) if self.thaws else True
        return LaneState(
            released=self.released, ending=self.ending and not self.released, reasons=frozenset(self.reasons),
            seller_state=self.believed, can_freeze=can_freeze, can_thaw=not self.thaws,
        )  # fmt: skip

    def add(self, kind: str, *, by_timer: bool = False, paid: bool = False) -> None:
        self.number += 1
        self.operations.append(op(self.number, kind, by_timer=by_timer))
        if paid:
            self.paid.add(self.number)

    def put(self, changed: QueuedOperation) -> None:
        self.operations = [changed if operation.id == changed.id else operation for operation in self.operations]

    def drop(self, number: int) -> None:
        if number in self.paid:
            assert number not in self.done
            self.refunded.add(number)
        self.operations = [operation for operation in self.operations if operation.id != number]

    def settle(self) -> None:
        """As ``operate.settle``: decide until there is nothing left to do."""
        for _ in range(20):
            decision = decide(self.lane_state, self.operations)
            if decision.nothing:
                break
            for number in decision.drop:
                self.drop(number)
            if decision.add:
                self.add(decision.add)
            if decision.start is not None:
                started = next(o for o in self.operations if o.id == decision.start)
                assert started.status == "queued"
                self.put(replace(started, status="running"))
                self.ending = self.ending or started.ends
        else:
            raise AssertionError("it oscillates")
        assert sum(operation.status == "running" for operation in self.operations) <= 1

    def running(self) -> QueuedOperation | None:
        return next((operation for operation in self.operations if operation.status == "running"), None)

    def apply(self, what: str) -> None:
        alive, operation = not self.released and not self.ending, self.running()
        match what:
            case "renew" | "renew_change" | "upgrade" if alive and not any(o.id in self.paid for o in self.operations):
                self.add(what, paid=True)
            case "expire" if alive and not any(o.prolongs and o.status != "stopped" for o in self.operations):
                self.reasons.add(EXPIRED)
            case "operator freezes" if alive:
                self.reasons.add("operator")
            case "operator lifts":
                self.reasons.discard("operator")
            case "timer release" if alive and EXPIRED in self.reasons and not any(o.ends for o in self.operations):
                self.add("release", by_timer=True)
            case "person releases" if alive and not any(o.ends for o in self.operations):
                self.add("release")
            case "sent" if operation:
                self.put(replace(operation, sent=True))
            case "done" if operation:
                self.act_at_seller(operation)
                self.complete(operation)
            case "lost" | "failed" if operation:
                self.give_up(operation, reached_seller=what == "lost")
            case "restart":
                at_rest = [o for o in self.operations if o.status == "stopped"]
                if at_rest:
                    self.put(replace(self.chance.choice(at_rest), status="queued"))
            case "paid back":
                for o in [o for o in self.operations if o.status == "stopped" and o.id in self.paid]:
                    self.drop(o.id)
        self.settle()

    def act_at_seller(self, operation: QueuedOperation) -> None:
        if operation.kind in {"freeze", "unfreeze"}:
            self.frozen = operation.kind == "freeze"
        if operation.prolongs and self.thaws:
            self.frozen = False

    def complete(self, operation: QueuedOperation) -> None:
        """As ``on_done`` of the kinds."""
        self.operations = [o for o in self.operations if o.id != operation.id]
        self.done.add(operation.id)
        if operation.kind in {"freeze", "unfreeze"}:
            self.believed = FROZEN if operation.kind == "freeze" else ACTIVE
        if operation.prolongs:
            self.reasons.discard(EXPIRED)
            self.believed = ACTIVE if self.thaws else self.believed
        if operation.ends:
            self.released = True

    def give_up(self, operation: QueuedOperation, *, reached_seller: bool) -> None:
        if reached_seller:
            self.act_at_seller(operation)
            if operation.kind in {"freeze", "unfreeze"} or (operation.prolongs and self.thaws):
                self.believed = UNKNOWN
        if operation.kind == "upgrade":
            self.drop(operation.id)
        else:
            self.put(replace(operation, status="stopped", sent=True))

    def finish(self) -> None:
        """The seller works again, and everything that stopped is restarted."""
        for _ in range(60):
            if self.running():
                self.apply("done")
            elif any(operation.status == "stopped" for operation in self.operations):
                self.apply("restart")
            else:
                return
        raise AssertionError("it never comes to rest")

    def check(self) -> None:
        """At the end nothing is stopped: frozen if and only if a reason is in force that the protocol can tell."""
        assert not self.operations
        assert self.paid == (self.done | self.refunded) & self.paid, "paid operations are done or refunded"
        assert not self.done & self.refunded
        if self.released:
            return
        reported_reasons = self.reasons - {"operator"} if self.thaws else self.reasons
        assert self.believed is not UNKNOWN or self.thaws
        if not self.thaws or reported_reasons:
            assert self.frozen == bool(reported_reasons)
            assert (self.believed is FROZEN) == bool(reported_reasons)


@pytest.mark.slow
def test_any_history_settles_in_the_right_state() -> None:
    """operations.md §4 and §6: at most one runs, no oscillation, frozen if and only if a reason is in force."""
    for n in range(sampling.size(20_000)):
        chance = random.Random(f"{sampling.SEED}/{n}")
        lane = Lane(chance, thaws=n % 2 == 1)
        steps = [chance.choice(EVENTS) for _ in range(chance.randrange(4, 30))]
        try:
            for step in steps:
                lane.apply(step)
            lane.finish()
            lane.check()
        except AssertionError as error:
            raise AssertionError(
                f"TRADEPOST_SEED={sampling.SEED}, history {n}, thaws={lane.thaws}: {steps}: {error}"
            ) from error
