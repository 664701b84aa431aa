"""Finds out how a seller identifies a repeated order, after a repeat has created another instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from .answers import NO_INSTANCE, SUCCESS
from .samples import Order

if TYPE_CHECKING:
    from tradepost.protocols.commands import Create

    from .caller import Caller

REPEAT_SEQUENCE = "ABCDEFGH" * 2 + "ABCD"
"""Repeats of one order; each letter is a businessId, since each retry of a market has a new one. First each one once:
most sellers use the first that they receive as the ID, and each process of a server must have received another."""

TIMES, MAX_TIMES = 8, 24
"""Number of queries for one instance, so that each of several processes is reached. The second applies if none knew
it."""

type CreateFactory = Callable[[Order, str], Create]
"""Creates the order with a businessId."""


def is_instance_always_found(caller: Caller) -> bool:
    """Return whether a created instance is known in every query; determined once per run."""

    def find_out() -> bool:
        instance = caller.fresh()
        codes: set[str] = set()
        for attempt in range(MAX_TIMES):
            codes.add(caller.look_up(instance.instance_id).code)
            # The only process that knows it may take long to be reached.
            if codes >= {SUCCESS, NO_INSTANCE} or (attempt + 1 >= TIMES and SUCCESS in codes):
                break
        return not codes >= {SUCCESS, NO_INSTANCE}

    return caller.session.profile.holds("knows its instances each time", find_out, remember_no=not caller.parallel)


def explain_another_instance(caller: Caller, make: CreateFactory | None = None) -> str:
    """Repeat one new order and return the diagnosis; empty if it results in one instance. ``make``: creates an order of
    another kind."""
    order = caller.samples.order()
    make = make or (lambda order, business_id: caller.samples.create(order, business_id=business_id))
    business_ids = {turn: caller.samples.business_id() for turn in REPEAT_SEQUENCE}
    answers_seen = []
    for turn in REPEAT_SEQUENCE:
        answer = caller.create(make(order, business_ids[turn]))
        if answer.accepted and answer.instance_id:
            answers_seen.append((turn, answer.instance_id))
    return diagnose_repeats(answers_seen)


def diagnose_repeats(answers: Sequence[tuple[str, str]]) -> str:
    """Return the diagnosis for one order from the businessId and instanceId of each call. Pure function."""
    ids = {instance_id for _, instance_id in answers}
    if len(ids) < 2:
        return ""
    by_business: dict[str, set[str]] = {}
    for business_id, instance_id in answers:
        by_business.setdefault(business_id, set()).add(instance_id)
    if all(len(instance_ids) == 1 for instance_ids in by_business.values()) and len(ids) == len(by_business):
        return "business_id_as_key"
    # With several memories, each finds the order independent of the businessId, so at least two IDs recur after another
    # one. A seller that only creates new instances repeats at most one.
    return "memories_differ" if len(_recurring_ids(answers)) > 1 else "new_instance_id_each_call"


def _recurring_ids(answers: Sequence[tuple[str, str]]) -> set[str]:
    distinct_ids = [instance_id for instance_id, _ in groupby(instance_id for _, instance_id in answers)]
    return {instance_id for instance_id, number in Counter(distinct_ids).items() if number > 1}
