"""The number of failing days in a row as shown to people, including the current day after its first failed slot.

The stored count includes only completed days. Notices and pages say "day 1" from the first failed slot on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from .models import Health, ProbeDay, Verdict


def failing_days_of(health: Health | None, days: Iterable[ProbeDay]) -> int:
    """Return the number. ``days``: of this product, including those that are not over."""
    if health is None:
        return 0
    open_days = [day for day in days if not day.verdict and health.counts(day.date)]
    return health.streak + sum(Verdict.FAILED in {day.am, day.pm} for day in open_days)


def failing_days_by_product(health_rows: Iterable[Health], *, today: date) -> dict[int, int]:
    """Return the numbers by product. Each day is evaluated within the next day."""
    health_by_product = {health.pk: health for health in health_rows}
    days_by_product: dict[int, list[ProbeDay]] = {pk: [] for pk in health_by_product}
    for day in ProbeDay.objects.filter(
        product__in=list(health_by_product), date__in=[today - timedelta(days=1), today]
    ):
        days_by_product[day.product_id].append(day)
    return {pk: failing_days_of(health_by_product[pk], days) for pk, days in days_by_product.items()}
