"""A delivery that ended early leaves a service that nobody delivers any more: it is released (business-rules §4.7)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.fulfilment import by_people
from tradepost.market.fulfilment.cases import locked_subscriptions

from .events import SupervisionEnded
from .models import Supervision


def release_what_ended_early(event: SupervisionEnded, now: datetime) -> None:
    """Reaction. Where all went back there never was a service."""
    if event.how != Supervision.Status.REFUNDED:
        return
    with transaction.atomic():
        found = Supervision.objects.filter(pk=event.supervision).values_list("subscription_id", flat=True)
        for held in locked_subscriptions(list(found)):
            by_people.release(held, actor=event.by, now=now)
