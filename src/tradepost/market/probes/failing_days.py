"""How many days in a row a product fails, as people are told it: with a day that is not over yet once a slot of it failed.

The stored count takes up whole days only; the notice of the first failing slot says "day 1", and so do the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from .models import Health, ProbeDay, Verdict


def with_open(health: Health | None, days: Iterable[ProbeDay]) -> int:
    """``days``: of this product, among which those that are not over."""
    if health is None:
        return 0
    open_days = [one for one in days if not one.verdict and health.counts(one.date)]
    return health.streak + sum(Verdict.FAILED in {one.am, one.pm} for one in open_days)


def of_all(standing: Iterable[Health], *, today: date) -> dict[int, int]:
    """By product. A day is over within the next one."""
    known = {one.pk: one for one in standing}
    found: dict[int, list[ProbeDay]] = {pk: [] for pk in known}
    for day in ProbeDay.objects.filter(product__in=list(known), date__in=[today - timedelta(days=1), today]):
        found[day.product_id].append(day)
    return {pk: with_open(known[pk], days) for pk, days in found.items()}
