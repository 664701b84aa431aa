"""Finds out by what a seller recognises an order that comes again, once a repeat of one has made another instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .caller import Caller

TURNS = "XXXXXXXXABCDEFXABCDEFX"
"""One order, asked for so often; each letter is a businessId, as each retry of a market has another. First the same one, so
that most processes of a server have met the order, then others, then all of them again."""


def explain_another_instance(caller: Caller) -> str:
    """Asks for one fresh order again and again; empty when that gives one instance."""
    order = caller.samples.order()
    business_ids = {turn: caller.samples.business_id() for turn in TURNS}
    told = []
    for turn in TURNS:
        answer = caller.create(caller.samples.create(order, business_id=business_ids[turn]))
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
    # Whoever keeps several memories of orders finds the order in each, whatever the businessId: two ids at least come
    # back, and to other businessIds than they were made for. Whoever makes another comes back to one at most.
    number = Counter(instance_id for _, instance_id in told)
    shared = [i for i in ids if sum(i in one for one in by_business.values()) > 1]
    back = [i for i in ids if number[i] > 1]
    return "memories_differ" if len(back) > 1 and shared else "new_instance_id_each_call"
