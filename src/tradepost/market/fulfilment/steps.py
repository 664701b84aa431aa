"""Next step of a plan: a pure rule over the data of the product type."""

from __future__ import annotations

from tradepost.market.product_types.contract import Step


def next_step(plan: tuple[Step, ...], place: int, *, has_access: bool, by_message: bool) -> int | None:
    """Return the place of the next step; None at the end of the plan.

    ``has_access``: an answer contained the access data. ``by_message``: the seller sends them by SMS or mail, so a
    query may not contain them (saas-v2 §3.2) and repeating the command is useless.
    """
    for following in range(place + 1, len(plan)):
        step = plan[following]
        if step.until_access and (has_access or (by_message and step.command is plan[place].command)):
            continue
        return following
    return None
