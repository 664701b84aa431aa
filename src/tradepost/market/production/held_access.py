"""Access calls that wait for a place at their seller (``choose.AccessPlaces``): released when one is free, dropped when too late."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from tradepost.market.base.work import State

from .calls import cancel
from .choose import AccessPlaces
from .models import Call
from .plan import ACCESS

_HELD = Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY, purpose=Call.Purpose.ACCESS)


def release() -> None:
    """Let held access calls take the free places, the oldest first and each seller's within its own. A claim holds back again
    what another worker was quicker to fill."""
    if not _HELD.exists():
        return
    leased = Call.objects.filter(state=State.LEASED, purpose=Call.Purpose.ACCESS)
    places = AccessPlaces(Counter(dict(leased.values_list("seller_id").annotate(n=Count("pk")))))
    nth = Window(RowNumber(), partition_by=F("seller_id"), order_by=("due_at", "pk"))
    oldest = _HELD.annotate(nth=nth).filter(nth__lte=ACCESS.per_seller).order_by("due_at", "pk")
    freed = [pk for pk, seller in oldest.values_list("pk", "seller_id") if places.take(seller)]
    _HELD.filter(pk__in=freed).update(state=State.WAITING, hold=Call.Hold.NONE)


def drop_late(now: datetime) -> None:
    """End those for which no buyer waits any more; no request was sent."""
    late = _HELD.filter(give_up_at__lte=now, due_at__lt=now - ACCESS.within).values_list("pk", flat=True)
    if found := list(late):
        cancel(found, now=now)
