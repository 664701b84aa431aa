"""Access calls that wait for a place at their seller (``choose.AccessPlaces``): release them when one is free, drop
them when too late."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from tradepost.market.base.work import State

from .calls import cancel
from .choose import AccessPlaces
from .models import Call
from .plan import ACCESS_LIMITS

_HELD_CALLS = Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY, purpose=Call.Purpose.ACCESS)


def release_held_calls() -> None:
    """Release held access calls into free places, oldest first, within each seller's limit. A claim holds them again if
    another worker filled the place."""
    if not _HELD_CALLS.exists():
        return
    leased_calls = Call.objects.filter(state=State.LEASED, purpose=Call.Purpose.ACCESS)
    access_places = AccessPlaces(Counter(dict(leased_calls.values_list("seller_id").annotate(n=Count("pk")))))
    nth = Window(RowNumber(), partition_by=F("seller_id"), order_by=("due_at", "pk"))
    oldest_calls = _HELD_CALLS.annotate(nth=nth).filter(nth__lte=ACCESS_LIMITS.per_seller).order_by("due_at", "pk")
    keys = [pk for pk, seller in oldest_calls.values_list("pk", "seller_id") if access_places.take(seller)]
    _HELD_CALLS.filter(pk__in=keys).update(state=State.WAITING, hold=Call.Hold.NONE)


def end_late_calls(now: datetime) -> None:
    """End access calls that are too late; no request was sent."""
    late_calls = _HELD_CALLS.filter(give_up_at__lte=now, due_at__lt=now - ACCESS_LIMITS.within).values_list(
        "pk", flat=True
    )
    if keys := list(late_calls):
        cancel(keys, now=now)
