"""What ends a freeze: a passing run and an operator, or the end of the sale; what failed before is then over."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product

from .closing import ACTOR
from .models import Health, Verdict, WorkItem


def check_may_be_sold(product: Product) -> None:
    """Raises ``Refused`` for one that its probes froze and that does not pass them yet: it would only fail its buyers."""
    frozen = Health.objects.filter(product=product, frozen_on__isnull=False)
    if frozen.exclude(verdict=Verdict.PASSED).exists():
        raise Refused(
            "probe.still_failing",
            _(
                "Its probes froze it, and they still fail: it is sold again after one that passed, or a replay (Reviews)."
            ),
        )


def on_stopped(product: int, *, now: datetime) -> None:
    """Its sale ended for good: nothing is left to decide."""
    WorkItem.objects.filter(product=product, closed_at=None).update(closed_at=now, closed_by=ACTOR)
    Health.objects.filter(product=product).update(freezes_on=None, frozen_on=None)


def on_unfrozen(product: int, *, day: date, now: datetime) -> None:
    """Trading begins anew: what failed before does not count any more, nor does the day on which it begins."""
    Health.objects.filter(product=product).update(streak=0, told=0, freezes_on=None, frozen_on=None, counts_after=day)
    items = WorkItem.objects.filter(kind=WorkItem.Kind.FROZEN, product=product, closed_at=None)
    items.update(closed_at=now, closed_by=ACTOR)
