"""Which step of a plan comes next: a pure rule over the product type's data."""

from __future__ import annotations

from tradepost.market.product_types.contract import Step


def next_step(plan: tuple[Step, ...], place: int, *, has_access: bool, by_message: bool) -> int | None:
    """The place of the step after ``place``, None when the plan is over.

    ``has_access``: an answer has brought the access data. ``by_message``: the seller sends it by SMS or mail; a query
    may then stay silent (saas-v2 §3.2), and to repeat the same command would bring nothing.
    """
    for following in range(place + 1, len(plan)):
        step = plan[following]
        if step.until_access and (has_access or (by_message and step.command is plan[place].command)):
            continue
        return following
    return None
