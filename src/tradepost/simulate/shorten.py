"""The shortest beginning of a run that still fails: the fewest visits, and the first moment at which it shows."""

from __future__ import annotations

from collections.abc import Callable

from tradepost.market.base.values import replace

from .plan import Plan
from .run import Outcome


def shorten(failed: Outcome, run: Callable[[Plan], Outcome]) -> Outcome:
    """The run of the fewest first visits that fails, looked at after every step. Chance of one act moves no other, so that a run of
    fewer visits begins like one of more. Where fewer visits fail and more do not, the result is still one that fails."""
    shortest = failed
    least, most = 0, failed.visits
    while least < most:
        middle = (least + most) // 2
        tried = run(replace(failed.plan, visits=middle))
        if tried.failed:
            shortest, most = tried, middle
        else:
            least = middle + 1
    seen = run(
        replace(shortest.plan, watchful=True, visits=shortest.plan.visits if shortest is not failed else failed.visits)
    )
    return seen if seen.failed else shortest
