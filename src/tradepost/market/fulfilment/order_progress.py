"""How far an order is: what is asked of the seller for each line, with its tries, as a buyer may see it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from msgspec import Struct

from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import BEGINS
from tradepost.market.product_types.contract import Gives
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Attempt, Binding, Call
from tradepost.market.production.seller_queries import retry_rule, with_open_attempt
from tradepost.protocols.commands import CheckChange, Create, Query, Refresh, Upgrade
from tradepost.protocols.registry import protocols

from .cases import kind_of
from .models import Operation

SHOWN = tuple(kind.__name__ for kind in (Create, Query, CheckChange, Refresh, Upgrade))
"""Calls that an order waits for; a buyer need not know of others."""
MOST_ROUNDS = 6
"""Rounds of tries shown of one call: the first and the latest ones."""


class Said(StrEnum):
    """What a seller's answer means to a buyer."""

    RUNNING = "running"
    DONE = "done"
    WORKING = "working"
    REFUSED = "refused"
    NOTHING = "nothing"
    """No answer, or none that can be trusted."""


class Round(Struct, frozen=True):
    """Tries in a row that brought the same. ``milliseconds``: of the last."""

    said: Said
    words: str
    """The seller's own words, only with a refusal, and only the first time they come; untrusted text."""
    count: int
    first_at: datetime
    last_at: datetime
    milliseconds: float | None


class CallProgress(Struct, frozen=True):
    """One thing asked of the seller. ``next_at`` is None when it is being asked right now or has ended."""

    hands_over: bool
    """Whether it is about the access data, and no longer about the opening or the renewal."""
    state: str
    """done, current or failed"""
    rounds: list[Round]
    left_out: int
    """Tries of the rounds between the first and the latest ones, which are not shown."""
    next_at: datetime | None
    held: bool
    checks: bool = False
    """Whether the seller is only asked if it can."""


class LineProgress(Struct, frozen=True):
    line: OrderLine
    operation: Operation | None
    asked: list[CallProgress]
    kept: bool
    """Whether the order stays with the seller when it is not delivered in time, instead of being refunded."""
    renews: bool = False
    """Whether it is about a service that is there already."""
    plan_ends_at: datetime | None = None
    """End of the plan of the call that is under way; unknown before its first try."""

    @property
    def gives(self) -> Gives:
        return product_type(self.line.product.product_type).gives

    @property
    def by_market(self) -> bool:
        """Whether the payment alone opens it."""
        return product_type(self.line.product.product_type).by_market

    @property
    def by_cloud(self) -> bool:
        """Whether the operator's cloud makes the server, and no seller is called."""
        return by_cloud(self.line.product.product_type)

    @property
    def calls_seller(self) -> bool:
        """Whether the seller's production interface is called for it."""
        return product_type(self.line.product.product_type).needs_interface

    @property
    def stopped(self) -> bool:
        """Nothing is asked any more, until the seller restarts it by hand."""
        return self.operation is not None and self.operation.status == Operation.Status.STOPPED

    @property
    def queued(self) -> bool:
        """Something else is being done to the service first."""
        return self.operation is not None and self.operation.status == Operation.Status.QUEUED

    @property
    def troubled(self) -> bool:
        """Under way, and the last finished try went wrong: the buyer waits for the seller's system."""
        under_way = any(asked.state == "current" for asked in self.asked)
        return under_way and self.last_said in {Said.REFUSED, Said.NOTHING}

    @property
    def ends_at(self) -> datetime | None:
        """When it is paid back at the latest; None when the order stays with the seller, or its end is not known yet."""
        return None if self.kept else self.plan_ends_at

    @property
    def last_said(self) -> Said | None:
        """How the last finished try ended: why an order was given up, in one word."""
        said = [one.said for asked in self.asked for one in asked.rounds if one.said is not Said.RUNNING]
        return said[-1] if said else None


class Progress(Struct, frozen=True):
    lines: list[LineProgress]
    fingerprint: str
    """Changes when there is something new to show."""

    @property
    def kept(self) -> bool:
        return any(line.kept for line in self.lines)

    @property
    def stopped(self) -> bool:
        return any(line.stopped for line in self.lines)

    @property
    def troubled(self) -> bool:
        return any(line.troubled for line in self.lines)

    @property
    def ends_at(self) -> datetime | None:
        return max((line.ends_at for line in self.lines if line.ends_at is not None), default=None)


def keeps_order(product: Product) -> bool:
    """Whether an order that is not delivered in time waits for the seller, instead of being refunded."""
    name = Binding.objects.filter(product=product).values_list("address__protocol", flat=True).first()
    found = protocols().get(name) if name else None
    return found is not None and Create in found.retries and found.retries[Create].keeps_order


def progress(order: Order) -> Progress:
    """Three queries, whatever the number of tries: operations, calls, attempts. ``order.lines`` should be fetched."""
    lines = list(order.lines.all())
    operations = {one.line_id: one for one in Operation.objects.filter(line__in=lines)}
    calls = list(Call.objects.filter(order_number=order.number, kind__in=SHOWN).defer("command").order_by("pk"))
    renews = order.order_type not in BEGINS
    tries: dict[int, list[Attempt]] = defaultdict(list)
    shown = ("call_id", "number", "started_at", "milliseconds", "verdict", "detail")
    for attempt in Attempt.objects.filter(call__in=calls).only(*shown).order_by("call_id", "number"):
        tries[attempt.call_id].append(attempt)
    asked: dict[str, list[CallProgress]] = defaultdict(list)
    told: set[str] = set()
    for call in calls:
        asked[call.order_line_number].append(_call_progress(call, with_open_attempt(call, tries[call.pk]), told))
    of_line = {line.number: operations.get(line.pk) for line in lines}
    kept = {call.order_line_number for call in calls if _keeps(call, of_line.get(call.order_line_number))}
    ends = {call.order_line_number: call.give_up_at for call in calls if not call.outcome}
    found = [
        LineProgress(
            line, operations.get(line.pk), asked[line.number], line.number in kept, renews, ends.get(line.number)
        )
        for line in lines
    ]
    return Progress(found, _fingerprint(order, found, calls))


def _keeps(call: Call, operation: Operation | None) -> bool:
    """Whether the order is not paid back when the plan of this call is over."""
    rule = retry_rule(call)
    refunds = operation is None or kind_of(operation).refundable
    return not refunds or (rule is not None and rule.keeps_order)


def _fingerprint(order: Order, lines: list[LineProgress], calls: list[Call]) -> str:
    facts = [
        order.status,
        *(line.operation.status for line in lines if line.operation),
        *(f"{c.pk} {c.state} {c.attempts} {c.due_at} {c.last_verdict} {c.hold}" for c in calls),
    ]
    return hashlib.sha256("|".join(facts).encode()).hexdigest()[:16]


def _call_progress(call: Call, attempts: list[Attempt], told: set[str]) -> CallProgress:
    state = {Call.Outcome.DONE: "done", Call.Outcome.NONE: "current"}.get(Call.Outcome(call.outcome), "failed")
    rounds = _rounds(attempts, told)
    surplus = max(0, len(rounds) - MOST_ROUNDS)
    left_out, kept = rounds[1 : surplus + 1], [*rounds[:1], *rounds[surplus + 1 :]]
    waiting = call.state in {State.WAITING, State.HELD} and call.attempts > 0
    return CallProgress(
        call.kind == Query.__name__ or call.until_access,
        state,
        kept,
        sum(one.count for one in left_out),
        call.due_at if waiting else None,
        call.state == State.HELD,
        checks=call.kind == CheckChange.__name__,
    )


def _rounds(attempts: list[Attempt], told: set[str]) -> list[Round]:
    """``told``: the words that stand on the page already; those of these attempts are added."""
    found = []
    for (said, words), alike in groupby(attempts, key=lambda one: (said_of(one), _words_of(one))):
        tries = list(alike)
        first, last = tries[0], tries[-1]
        new = "" if words in told else words
        told.add(words)
        found.append(Round(said, new, len(tries), first.started_at, last.started_at, last.milliseconds))
    return found


def _words_of(attempt: Attempt) -> str:
    return attempt.detail if said_of(attempt) is Said.REFUSED else ""


def said_of(attempt: Attempt) -> Said:
    if not attempt.ended:
        return Said.RUNNING
    known = {"done": Said.DONE, "pending": Said.WORKING}.get(attempt.verdict)
    return known or (Said.REFUSED if attempt.verdict.isdecimal() else Said.NOTHING)
