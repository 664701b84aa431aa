"""Defects to be found: each changes some words of the market's own source while a block runs (operations §8 names most)."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType

from tradepost.market.fulfilment import apply, order_paid, queue, timers, unearned
from tradepost.market.fulfilment.kinds import renew as renewing
from tradepost.market.orders import buy, finish, refunds, renew, reserve
from tradepost.market.production import record
from tradepost.market.subscriptions import convertible


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``before`` stands once in the source of ``function``, and becomes ``after``."""

    name: str
    function: Callable[..., object]
    before: str
    after: str
    seed: int = 0
    """One that shows it soon."""
    faults: float = 0.3
    """The share that goes wrong in the markets in which it is looked for."""


DEFECTS = (
    Defect(
        name="an event is lost: that a call ended at its second try is told to nobody",
        function=record._publish,
        before="if move.event]",
        after='if move.event and not (move.columns.get("outcome") and move.columns["number"] == 2)]',
    ),
    Defect(
        name="a double create: an order that is told of twice is opened twice",
        function=order_paid._lines_to_start,
        before="order__in=by_pk, operations=None",
        after="order__in=by_pk",
        seed=1,
    ),
    Defect(
        name="a wrong rounding: the seller earns whole yuan",
        function=finish.earn_lines,
        before="amount=line.left,",
        after="amount=type(line.left)(line.left.minor // 100 * 100, line.left.currency),",
    ),
    Defect(
        name="earned before its time begins",
        function=apply._end_orders,
        before="later=later | in_parts",
        after="later=in_parts",
    ),
    Defect(
        name="the end of a renewal is computed when its seller did it",
        function=renewing.renewed,
        before="until = case.wanted.until",
        after="until = case.wanted.until + (case.now - case.now.replace(hour=0, minute=0))",
    ),
    Defect(
        name="what is cancelled is paid back twice",
        function=unearned.pay_back,
        before="ledger.refund(line.order.buyer, line.amount, reference=number, now=now)",
        after="[ledger.refund(line.order.buyer, line.amount, reference=number, now=now) for _ in range(2)]",
    ),
    Defect(
        name="a renewal does not lift the freeze for the end",
        function=apply._thaw,
        before="if prolonged:",
        after="if not prolonged:",
    ),
    Defect(
        name="the queue never begins a release",
        function=queue.decide,
        before='if one.status == "queued"]',
        after='if one.status == "queued" and not one.ends]',
    ),
    Defect(
        name="a key that names a request is not asked for",
        function=buy.order_of,
        before="if not idempotency_key:",
        after="if idempotency_key:",
    ),
    Defect(
        name="nobody tells the seller that a freeze is over",
        function=queue._missing,
        before='return "unfreeze" if needed and "unfreeze" not in kinds else ""',
        after='return ""',
    ),
    Defect(
        name="a stale read: what is open about a service is not looked at under its lock",
        function=renew.place_renewal,
        before="if open_changes(held):",
        after="if not held:",
        seed=2,
    ),
    Defect(
        name="the timer of a new service is not set",
        function=timers.watch_opened,
        before="if at is not None:",
        after="if at is None:",
    ),
    Defect(
        name="what is paid back is paid back in part",
        function=finish.give_up_order,
        before="_left_of(order)",
        after="Money(_left_of(order).minor * 99 // 100, order.currency)",
    ),
    Defect(
        name="a trial is given again",
        function=reserve._begin_trial,
        before="if not first:",
        after="if not offer:",
    ),
    Defect(
        name="a refund takes nothing back from the seller",
        function=refunds._pay,
        before="ledger.take_back(line.seller, earned, now=now, **booked)",
        after="pass",
        seed=1,
    ),
    Defect(
        name="a trial that becomes formal is paid for from its beginning",
        function=convertible.formal_time,
        before="since = max(now, subscription.expires_at)",
        after="since = subscription.started_at",
    ),
    Defect(
        name="a missing lock: an answer counts though the lease is another worker's",
        function=record._calls_moved,
        before=' AND production_call.attempts = r.number"\n        " AND production_call.state = r.was AND production_call.lease_owner = r.owner RETURNING',
        after=" RETURNING",
        seed=9,
        faults=0.5,
    ),
)


@contextmanager
def with_defect(defect: Defect) -> Iterator[None]:
    """The function is another while the block runs, wherever it was imported."""
    function = inspect.unwrap(defect.function)
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    source = source[source.index("def ") :]
    assert source.count(defect.before) == 1, f"{defect.name}: the source has changed"
    text = "from __future__ import annotations\n" + source.replace(defect.before, defect.after)
    names = dict(function.__globals__)
    exec(compile(text, f"<{defect.name}>", "exec"), names)  # our own source
    own, function.__code__ = function.__code__, names[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = own
