"""What a seller is told of its saved cases: that some of them failed when they were made again."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.identity.models import Member

from .tell import AddressedNotice, send_notices


def on_replay_ended(event: ReplayEnded, now: datetime) -> None:
    """Everybody who acts for the seller; of one that was good the page that began it tells."""
    if event.seller is None or not event.failed:
        return
    first_failure = event.failed[0]
    facts = {"failed": str(len(event.failed)), "cases": str(event.cases), "first": first_failure.activity}
    members = Member.objects.select_related("user").filter(seller=event.seller, user__is_active=True).order_by("pk")
    tellings = [
        AddressedNotice(
            user=member.user,
            kind="cases_failed",
            once=str(event.job),
            link=reverse("seller_center:cases"),
            facts=facts,
            seller=event.seller,
        )
        for member in members
    ]
    send_notices(tellings, now=now)
