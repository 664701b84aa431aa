"""End a freeze: an operator restarts sales after a passed probe, or sales end. Earlier failures then no longer
count."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product

from .closing import ACTOR
from .models import Health, Verdict, WorkItem


def check_may_be_sold(product: Product) -> None:
    """Check that sales may restart. Raises ``Refused`` if probes froze the product and the last probe did not pass."""
    frozen = Health.objects.filter(product=product, frozen_on__isnull=False)
    if frozen.exclude(verdict=Verdict.PASSED).exists():
        raise Refused(
            "probe.still_failing",
            _(
                "Sales were suspended after failed probes, and the last probe failed. Restore them after a passed probe, or approve a replay under Reviews."
            ),
        )


def on_stopped(product: int, *, now: datetime) -> None:
    """Close work items after the end of sales."""
    WorkItem.objects.filter(product=product, closed_at=None).update(closed_at=now, closed_by=ACTOR)
    Health.objects.filter(product=product).update(freezes_on=None, frozen_on=None)


def on_unfrozen(product: int, *, day: date, now: datetime) -> None:
    """Restart counting after a freeze. The day of the restart and earlier days do not count."""
    Health.objects.filter(product=product).update(streak=0, told=0, freezes_on=None, frozen_on=None, counts_after=day)
    items = WorkItem.objects.filter(kind=WorkItem.Kind.FROZEN, product=product, closed_at=None)
    items.update(closed_at=now, closed_by=ACTOR)
