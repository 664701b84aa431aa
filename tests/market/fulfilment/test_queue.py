"""``queue.decide``: every row of the table of operations.md §4, and a lane that comes to rest whatever happens to it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tests import sampling
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.queue import EXPIRED, Decision, Queued, SellerState, Standing, decide

ACTIVE, FROZEN, UNKNOWN = SellerState.ACTIVE, SellerState.FROZEN, SellerState.UNKNOWN
PLAIN = Standing()
OVER = Standing(reasons=frozenset({EXPIRED}))
BY_OPERATOR = Standing(reasons=frozenset({"operator"}))
BOTH = Standing(reasons=frozenset({EXPIRED, "operator"}))


def op(
    number: int, kind: str = "renew", status: str = "queued", *, sent: bool = False, by_timer: bool = False
) -> Queued:
    return Queued(
        id=number, kind=kind, status=status, by_timer=by_timer, sent=sent, prolongs=kind in {"renew", "renew_change"},
        ends=kind == "release", outlives=kind == "release_orphan",
    )  # fmt: skip


def running(number: int, kind: str, *, sent: bool = True, by_timer: bool = False) -> Queued:
    return op(number, kind, "running", sent=sent, by_timer=by_timer)


def stopped(number: int, kind: str) -> Queued:
    return op(number, kind, "stopped", sent=True)


def with_state(standing: Standing, state: SellerState) -> Standing:
    return replace(standing, seller_state=state)


TABLE = [
    # released | drop all, refund what was paid
    ("released: all that waits is dropped", Standing(released=True), [op(1), stopped(2, "freeze")], Decision(drop=(1, 2))),
    ("released: what was sent ends by itself", Standing(released=True), [running(1, "freeze")], Decision()),
    ("released: an orphan is still deleted", Standing(released=True), [op(1, "release_orphan")], Decision(start=1)),
    # unsubscription, operator's release, or release running | drop other loose ones, refund what was paid
    ("a release that a person wants", PLAIN, [op(1), op(2, "release")], Decision(drop=(1,))),
    ("a release that runs", PLAIN, [running(1, "release"), op(2)], Decision(drop=(2,))),
    ("a release that runs by the calendar", PLAIN, [running(1, "release", by_timer=True), op(2)], Decision(drop=(2,))),
    ("what was sent goes on beside it", PLAIN, [running(1, "renew"), op(2, "release")], Decision()),
    ("a freeze is not needed any more", OVER, [op(1, "freeze"), op(2, "release")], Decision(drop=(1,))),
    ("one release is enough", PLAIN, [op(1, "release"), op(2, "release")], Decision(drop=(2,))),
    ("while it ends nothing else begins", Standing(ending=True), [op(1), stopped(2, "release")], Decision(drop=(1,))),
    ("a stopped release that is restarted", Standing(ending=True), [op(1, "release")], Decision(start=1)),
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
    ("standing", "operations", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(standing: Standing, operations: list[Queued], expected: Decision) -> None:
    """operations.md §4, ``decide``."""
    assert decide(standing, operations) == expected
    assert decide(standing, operations[::-1]) == expected, "the order of rows means nothing"


# --- any history ------------------------------------------------------------------------------------------------------

HAPPENINGS = (
    "renew", "renew_change", "upgrade", "expire", "operator freezes", "operator lifts", "timer release", "person releases",
    "sent", "sent", "done", "done", "done", "lost", "failed", "restart", "restart", "paid back",
)  # fmt: skip


@dataclass
class Lane:
    """A lane, its subscription, and a seller that does what it is told. ``thaws``: a renewal ends its freeze."""

    chance: random.Random
    thaws: bool
    reasons: set[str] = field(default_factory=set)
    believed: SellerState = ACTIVE
    frozen: bool = False
    """What the seller would say."""
    released: bool = False
    ending: bool = False
    operations: list[Queued] = field(default_factory=list)
    number: int = 0
    refunded: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    paid: set[int] = field(default_factory=set)

    @property
    def standing(self) -> Standing:
        can_freeze = bool(self.reasons - {"operator"}) if self.thaws else True
        return Standing(
            released=self.released, ending=self.ending and not self.released, reasons=frozenset(self.reasons),
            seller_state=self.believed, can_freeze=can_freeze, can_thaw=not self.thaws,
        )  # fmt: skip

    def add(self, kind: str, *, by_timer: bool = False, paid: bool = False) -> None:
        self.number += 1
        self.operations.append(op(self.number, kind, by_timer=by_timer))
        if paid:
            self.paid.add(self.number)

    def put(self, changed: Queued) -> None:
        self.operations = [changed if one.id == changed.id else one for one in self.operations]

    def drop(self, number: int) -> None:
        if number in self.paid:
            assert number not in self.done
            self.refunded.add(number)
        self.operations = [one for one in self.operations if one.id != number]

    def settle(self) -> None:
        """As ``operate.settle``: ask until there is nothing more to do."""
        for _ in range(20):
            decision = decide(self.standing, self.operations)
            if decision.nothing:
                break
            for number in decision.drop:
                self.drop(number)
            if decision.add:
                self.add(decision.add)
            if decision.start is not None:
                one = next(o for o in self.operations if o.id == decision.start)
                assert one.status == "queued"
                self.put(replace(one, status="running"))
                self.ending = self.ending or one.ends
        else:
            raise AssertionError("it oscillates")
        assert sum(one.status == "running" for one in self.operations) <= 1

    def running(self) -> Queued | None:
        return next((one for one in self.operations if one.status == "running"), None)

    def happens(self, what: str) -> None:
        alive, one = not self.released and not self.ending, self.running()
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
            case "sent" if one:
                self.put(replace(one, sent=True))
            case "done" if one:
                self.acts(one)
                self.ends(one)
            case "lost" | "failed" if one:
                self.gives_up(one, acted=what == "lost")
            case "restart":
                at_rest = [o for o in self.operations if o.status == "stopped"]
                if at_rest:
                    self.put(replace(self.chance.choice(at_rest), status="queued"))
            case "paid back":
                for o in [o for o in self.operations if o.status == "stopped" and o.id in self.paid]:
                    self.drop(o.id)
        self.settle()

    def acts(self, one: Queued) -> None:
        if one.kind in {"freeze", "unfreeze"}:
            self.frozen = one.kind == "freeze"
        if one.prolongs and self.thaws:
            self.frozen = False

    def ends(self, one: Queued) -> None:
        """As the kinds' ``on_done``."""
        self.operations = [o for o in self.operations if o.id != one.id]
        self.done.add(one.id)
        if one.kind in {"freeze", "unfreeze"}:
            self.believed = FROZEN if one.kind == "freeze" else ACTIVE
        if one.prolongs:
            self.reasons.discard(EXPIRED)
            self.believed = ACTIVE if self.thaws else self.believed
        if one.ends:
            self.released = True

    def gives_up(self, one: Queued, *, acted: bool) -> None:
        if acted:
            self.acts(one)
            if one.kind in {"freeze", "unfreeze"} or (one.prolongs and self.thaws):
                self.believed = UNKNOWN
        if one.kind == "upgrade":
            self.drop(one.id)
        else:
            self.put(replace(one, status="stopped", sent=True))

    def rest(self) -> None:
        """The seller mends everything; what stopped is restarted."""
        for _ in range(60):
            if self.running():
                self.happens("done")
            elif any(one.status == "stopped" for one in self.operations):
                self.happens("restart")
            else:
                return
        raise AssertionError("it never comes to rest")

    def check(self) -> None:
        """At rest, nothing stopped: frozen if and only if a reason stands of which the seller can be told."""
        assert not self.operations
        assert self.paid == (self.done | self.refunded) & self.paid, "what was paid is done or paid back"
        assert not self.done & self.refunded
        if self.released:
            return
        told = self.reasons - {"operator"} if self.thaws else self.reasons
        assert self.believed is not UNKNOWN or self.thaws
        if not self.thaws or told:
            assert self.frozen == bool(told)
            assert (self.believed is FROZEN) == bool(told)


@pytest.mark.slow
def test_any_history_comes_to_rest_where_it_should() -> None:
    """operations.md §4 and §6: one running at most, no oscillation, frozen if and only if a reason stands."""
    for n in range(sampling.size(20_000)):
        chance = random.Random(f"{sampling.SEED}/{n}")
        lane = Lane(chance, thaws=n % 2 == 1)
        steps = [chance.choice(HAPPENINGS) for _ in range(chance.randrange(4, 30))]
        try:
            for step in steps:
                lane.happens(step)
            lane.rest()
            lane.check()
        except AssertionError as error:
            raise AssertionError(
                f"TRADEPOST_SEED={sampling.SEED}, history {n}, thaws={lane.thaws}: {steps}: {error}"
            ) from error
