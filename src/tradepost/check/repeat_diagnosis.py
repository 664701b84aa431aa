"""Finds out by what a seller recognises an order that comes again, once a repeat of one has made another instance."""

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

TURNS = "ABCDEFGH" * 2 + "ABCD"
"""One order, asked for so often; each letter is a businessId, as each retry of a market has another. First each of them
once: most sellers make the id of the first that they meet, and each process of a server must have met another.
"""

TIMES, MOST_TIMES = 8, 24
"""How often one instance is asked for: of several processes, each must have had its turn. The second where none knew it."""

type Make = Callable[[Order, str], Create]
"""The order with a businessId."""


def knows_each_time(caller: Caller) -> bool:
    """Whether an instance that was created is known each time that it is asked for; found out once for a run."""

    def find_out() -> bool:
        made = caller.fresh()
        codes: set[str] = set()
        for turn in range(MOST_TIMES):
            codes.add(caller.look_up(made.instance_id).code)
            # The one process that knows it may be long in coming.
            if codes >= {SUCCESS, NO_INSTANCE} or (turn + 1 >= TIMES and SUCCESS in codes):
                break
        return not codes >= {SUCCESS, NO_INSTANCE}

    return caller.session.profile.holds("knows its instances each time", find_out, remember_no=not caller.parallel)


def explain_another_instance(caller: Caller, make: Make | None = None) -> str:
    """Asks for one fresh order again and again; empty when that gives one instance. ``make``: of a kind of its own."""
    order = caller.samples.order()
    make = make or (lambda order, business_id: caller.samples.create(order, business_id=business_id))
    business_ids = {turn: caller.samples.business_id() for turn in TURNS}
    told = []
    for turn in TURNS:
        answer = caller.create(make(order, business_ids[turn]))
        if answer.accepted and answer.instance_id:
            told.append((turn, answer.instance_id))
    return recognised_by(told)


def recognised_by(told: Sequence[tuple[str, str]]) -> str:
    """The diagnosis of what was told: businessId and instanceId of each call for one order. Pure."""
    ids = {instance_id for _, instance_id in told}
    if len(ids) < 2:
        return ""
    by_business: dict[str, set[str]] = {}
    for turn, instance_id in told:
        by_business.setdefault(turn, set()).add(instance_id)
    if all(len(one) == 1 for one in by_business.values()) and len(ids) == len(by_business):
        return "business_id_as_key"
    # Whoever keeps several memories finds the order in each of them, whatever the businessId: two ids at least come back
    # after another one was told. Whoever only makes another comes back to one at most.
    return "memories_differ" if len(_came_back(told)) > 1 else "new_instance_id_each_call"


def _came_back(told: Sequence[tuple[str, str]]) -> set[str]:
    turns = [instance_id for instance_id, _ in groupby(instance_id for _, instance_id in told)]
    return {instance_id for instance_id, number in Counter(turns).items() if number > 1}
