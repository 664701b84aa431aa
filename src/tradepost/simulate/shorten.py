"""Finds the shortest failing beginning of a run: the fewest visits, and the first moment of the failure."""

from __future__ import annotations

from collections.abc import Callable

from tradepost.market.base.values import replace

from .plan import Plan
from .run import Outcome


def shorten(failed: Outcome, run: Callable[[Plan], Outcome]) -> Outcome:
    """Return the failing run with the fewest first visits, checked after every step. Random values of one visit do not
    affect others, so a shorter run begins like a longer one. If fewer visits fail and more do not, the result is still
    a failing run."""
    shortest = failed
    low, high = 0, failed.visits
    while low < high:
        middle_visits = (low + high) // 2
        tried_outcome = run(replace(failed.plan, visits=middle_visits))
        if tried_outcome.failed:
            shortest, high = tried_outcome, middle_visits
        else:
            low = middle_visits + 1
    watched_outcome = run(
        replace(shortest.plan, watchful=True, visits=shortest.plan.visits if shortest is not failed else failed.visits)
    )
    return watched_outcome if watched_outcome.failed else shortest
