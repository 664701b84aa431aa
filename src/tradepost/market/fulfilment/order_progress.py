"""Progress of an order for its buyer: calls per line with their attempts."""

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
from tradepost.market.orders.pay import NEW_SUBSCRIPTIONS
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Attempt, Binding, Call
from tradepost.market.production.seller_queries import retry_rule, with_open_attempt
from tradepost.protocols.commands import CheckChange, Create, Query, Refresh, Upgrade
from tradepost.protocols.registry import protocols

from .cases import kind_of
from .models import Operation

SHOWN_COMMANDS = tuple(kind.__name__ for kind in (Create, Query, CheckChange, Refresh, Upgrade))
"""Calls that an order waits for; others are not shown."""
MAX_ATTEMPT_GROUPS = 6
"""Maximum shown rounds of attempts per call: the first and the latest ones."""


class AnswerMeaning(StrEnum):
    """Meaning of a seller's answer for the buyer."""

    RUNNING = "running"
    DONE = "done"
    WORKING = "working"
    REFUSED = "refused"
    NOTHING = "nothing"
    """No answer, or none that can be trusted."""


class AttemptGroup(Struct, frozen=True):
    """Consecutive attempts with the same result. ``milliseconds``: of the last."""

    said: AnswerMeaning
    words: str
    """Text from the seller, only for a refusal and only once; untrusted."""
    count: int
    first_at: datetime
    last_at: datetime
    milliseconds: float | None


class CallProgress(Struct, frozen=True):
    """One call to the seller. ``next_at``: None during an attempt or after the end."""

    hands_over: bool
    """Whether it is about access data, not about the opening or renewal."""
    state: str
    """done, current or failed"""
    rounds: list[AttemptGroup]
    left_out: int
    """Attempts of rounds that are not shown."""
    next_at: datetime | None
    held: bool
    checks: bool = False
    """Whether the seller is only asked if it can do it."""


class LineProgress(Struct, frozen=True):
    line: OrderLine
    operation: Operation | None
    asked: list[CallProgress]
    kept: bool
    """Whether a late order stays with the seller instead of a refund."""
    renews: bool = False
    """Whether it concerns an existing service."""
    plan_ends_at: datetime | None = None
    """End of the retry plan of the open call; unknown before its first attempt."""

    @property
    def gives(self) -> DeliveryResult:
        return product_type(self.line.product.product_type).gives

    @property
    def by_market(self) -> bool:
        """Whether it opens at payment."""
        return product_type(self.line.product.product_type).by_market

    @property
    def by_cloud(self) -> bool:
        """Whether the operator's cloud creates the server, without calls to a seller."""
        return runs_in_cloud(self.line.product.product_type)

    @property
    def calls_seller(self) -> bool:
        """Whether the seller's production interface is called."""
        return product_type(self.line.product.product_type).needs_interface

    @property
    def stopped(self) -> bool:
        """Whether it stopped until the seller restarts it."""
        return self.operation is not None and self.operation.status == Operation.Status.STOPPED

    @property
    def queued(self) -> bool:
        """Whether another operation on the service runs first."""
        return self.operation is not None and self.operation.status == Operation.Status.QUEUED

    @property
    def troubled(self) -> bool:
        """Whether it is in progress and the last finished attempt failed."""
        under_way = any(call_progress.state == "current" for call_progress in self.asked)
        return under_way and self.last_said in {AnswerMeaning.REFUSED, AnswerMeaning.NOTHING}

    @property
    def ends_at(self) -> datetime | None:
        """Latest time of a refund; None if the order stays with the seller or the end is unknown."""
        return None if self.kept else self.plan_ends_at

    @property
    def last_said(self) -> AnswerMeaning | None:
        """Result of the last finished attempt, which explains why an order was given up."""
        answers = [
            call_round.said
            for call_progress in self.asked
            for call_round in call_progress.rounds
            if call_round.said is not AnswerMeaning.RUNNING
        ]
        return answers[-1] if answers else None


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
    """Return whether a late order waits for the seller instead of a refund."""
    name = Binding.objects.filter(product=product).values_list("address__protocol", flat=True).first()
    protocol = protocols().get(name) if name else None
    return protocol is not None and Create in protocol.retries and protocol.retries[Create].keeps_order


def progress(order: Order) -> Progress:
    """Return the progress in three queries: operations, calls, attempts. ``order.lines`` should be fetched."""
    lines = list(order.lines.all())
    operations = {operation.line_id: operation for operation in Operation.objects.filter(line__in=lines)}
    calls = list(
        Call.objects.filter(order_number=order.number, kind__in=SHOWN_COMMANDS).defer("command").order_by("pk")
    )
    renews = order.order_type not in NEW_SUBSCRIPTIONS
    tries: dict[int, list[Attempt]] = defaultdict(list)
    columns = ("call_id", "number", "started_at", "milliseconds", "verdict", "detail")
    for attempt in Attempt.objects.filter(call__in=calls).only(*columns).order_by("call_id", "number"):
        tries[attempt.call_id].append(attempt)
    by_line: dict[str, list[CallProgress]] = defaultdict(list)
    shown_texts: set[str] = set()
    for call in calls:
        by_line[call.order_line_number].append(
            _call_progress(call, with_open_attempt(call, tries[call.pk]), shown_texts)
        )
    by_line_number = {line.number: operations.get(line.pk) for line in lines}
    kept_lines = {
        call.order_line_number for call in calls if _is_order_kept(call, by_line_number.get(call.order_line_number))
    }
    ends = {call.order_line_number: call.give_up_at for call in calls if not call.outcome}
    line_progress = [
        LineProgress(
            line,
            operations.get(line.pk),
            by_line[line.number],
            line.number in kept_lines,
            renews,
            ends.get(line.number),
        )
        for line in lines
    ]
    return Progress(line_progress, _fingerprint(order, line_progress, calls))


def _is_order_kept(call: Call, operation: Operation | None) -> bool:
    """Return whether the order is kept when the retry plan of this call is over."""
    rule = retry_rule(call)
    refunds = operation is None or kind_of(operation).refundable
    return not refunds or (rule is not None and rule.keeps_order)


def _fingerprint(order: Order, lines: list[LineProgress], calls: list[Call]) -> str:
    facts = [
        order.status,
        *(line.operation.status for line in lines if line.operation),
        *(f"{call.pk} {call.state} {call.attempts} {call.due_at} {call.last_verdict} {call.hold}" for call in calls),
    ]
    return hashlib.sha256("|".join(facts).encode()).hexdigest()[:16]


def _call_progress(call: Call, attempts: list[Attempt], shown_texts: set[str]) -> CallProgress:
    state = {Call.Outcome.DONE: "done", Call.Outcome.NONE: "current"}.get(Call.Outcome(call.outcome), "failed")
    rounds = _attempt_groups(attempts, shown_texts)
    surplus = max(0, len(rounds) - MAX_ATTEMPT_GROUPS)
    left_out, shown_rounds = rounds[1 : surplus + 1], [*rounds[:1], *rounds[surplus + 1 :]]
    waiting = call.state in {State.WAITING, State.HELD} and call.attempts > 0
    return CallProgress(
        call.kind == Query.__name__ or call.until_access,
        state,
        shown_rounds,
        sum(call_round.count for call_round in left_out),
        call.due_at if waiting else None,
        call.state == State.HELD,
        checks=call.kind == CheckChange.__name__,
    )


def _attempt_groups(attempts: list[Attempt], shown_texts: set[str]) -> list[AttemptGroup]:
    """Group the attempts. ``shown_texts``: texts already on the page; new ones are added."""
    rounds = []
    for (answer, words), group in groupby(attempts, key=lambda attempt: (meaning_of(attempt), _text_of(attempt))):
        tries = list(group)
        first_try, last_try = tries[0], tries[-1]
        text = "" if words in shown_texts else words
        shown_texts.add(words)
        rounds.append(
            AttemptGroup(answer, text, len(tries), first_try.started_at, last_try.started_at, last_try.milliseconds)
        )
    return rounds


def _text_of(attempt: Attempt) -> str:
    return attempt.detail if meaning_of(attempt) is AnswerMeaning.REFUSED else ""


def meaning_of(attempt: Attempt) -> AnswerMeaning:
    if not attempt.ended:
        return AnswerMeaning.RUNNING
    answer = {"done": AnswerMeaning.DONE, "pending": AnswerMeaning.WORKING}.get(attempt.verdict)
    return answer or (AnswerMeaning.REFUSED if attempt.verdict.isdecimal() else AnswerMeaning.NOTHING)
