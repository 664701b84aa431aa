"""Defects to find: each replaces some text of the market's source while a block runs (operations §8 names most)."""

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
    """``before`` occurs once in the source of ``function`` and is replaced with ``after``."""

    name: str
    function: Callable[..., object]
    before: str
    after: str
    seed: int = 0
    """A seed that shows it soon."""
    faults: float = 0.3
    """The error rate in the markets in which it is searched for."""


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
        before="later=later_lines | change_lines",
        after="later=change_lines",
    ),
    Defect(
        name="the end of a renewal is computed when its seller did it",
        function=renewing.renewed,
        before="until = case.wanted.until",
        after="until = case.wanted.until + (case.now - case.now.replace(hour=0, minute=0))",
    ),
    Defect(
        name="what is cancelled is paid back twice",
        function=unearned.refund_periods,
        before="refund_lines(line.order, [",
        after="refund_lines(line.order, 2 * [",
    ),
    Defect(
        name="a renewal does not lift the freeze for the end",
        function=apply._thaw,
        before="if prolonged_subscriptions:",
        after="if not prolonged_subscriptions:",
    ),
    Defect(
        name="the queue never begins a release",
        function=queue.decide,
        before='if queued.status == "queued"]',
        after='if queued.status == "queued" and not queued.ends]',
    ),
    Defect(
        name="a key that names a request is not asked for",
        function=buy.order_of,
        before="if not idempotency_key:",
        after="if idempotency_key:",
    ),
    Defect(
        name="nobody tells the seller that a freeze is over",
        function=queue._missing_kind,
        before='return "unfreeze" if is_needed and "unfreeze" not in kinds else ""',
        after='return ""',
    ),
    Defect(
        name="a stale read: what is open about a service is not looked at under its lock",
        function=renew.place_renewal,
        before="if open_changes(subscription):",
        after="if not subscription:",
        seed=2,
    ),
    Defect(
        name="the timer of a new service is not set",
        function=timers.set_opening_timers,
        before="if moment is not None:",
        after="if moment is None:",
    ),
    Defect(
        name="what is paid back is paid back in part",
        function=finish._refund_rest,
        before="line.amount_minor - line.reduced_minor",
        after="(line.amount_minor - line.reduced_minor) * 99 // 100",
    ),
    Defect(
        name="a trial is given again",
        function=reserve._begin_trial,
        before="if not is_first:",
        after="if not offer:",
    ),
    Defect(
        name="a refund takes nothing back from the seller",
        function=refunds._pay,
        before="ledger.reverse_earning(line.seller, earned_amount, now=now, **booking)",
        after="pass",
        seed=1,
    ),
    Defect(
        name="a trial that becomes formal is paid for from its beginning",
        function=convertible.paid_time_after_trial,
        before="since = max(now, subscription.expires_at)",
        after="since = subscription.started_at",
    ),
    Defect(
        name="a missing lock: an answer counts though the lease is another worker's",
        function=record._move_statement,
        before=' AND production_call.attempts = r.number"\n        " AND production_call.state = r.was AND production_call.lease_owner = r.owner RETURNING',
        after=" RETURNING",
        seed=9,
        faults=0.5,
    ),
)


@contextmanager
def with_defect(defect: Defect) -> Iterator[None]:
    """Replace the function while the block runs, wherever it was imported."""
    function = inspect.unwrap(defect.function)
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    source = source[source.index("def ") :]
    assert source.count(defect.before) == 1, f"{defect.name}: the source has changed"
    text = "from __future__ import annotations\n" + source.replace(defect.before, defect.after)
    names = dict(function.__globals__)
    exec(compile(text, f"<{defect.name}>", "exec"), names)  # the project's own source
    own, function.__code__ = function.__code__, names[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = own
