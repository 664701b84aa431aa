"""Tell a seller that its server could not be notified of an order (saas-v1-license D1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.outbox import batched
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call

from . import facts as f
from .reactions import people_of
from .tell import Telling, tell_all


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """After the last attempt; calls for other purposes are left to their own reactions."""
    given_up = [
        event.call for event in events if event.purpose == Call.Purpose.NOTICE and event.outcome == Call.Outcome.GAVE_UP
    ]
    calls = (
        Call.objects.select_related("product", "seller").defer("command").filter(pk__in=given_up) if given_up else ()
    )
    tellings = [telling for call in calls for telling in _tellings(call)]
    if tellings:
        tell_all(tellings, now=now)


def _tellings(call: Call) -> list[Telling]:
    """One per member. A restart that fails is told again: it has one attempt more."""
    facts = {
        "line": call.order_line_number,
        "product": f.names(call.product.name, call.product.name_en) if call.product else f.names("–", "–"),
        "reason": f.verdict(call.last_verdict, call.protocol),
    }
    return [
        Telling(
            user=user, kind="seller_order_notice_gave_up", once=f"{call.pk}/{call.attempts}",
            link=reverse("seller_center:message", args=[call.pk]), facts=facts, contact=contact, seller=call.seller_id,
        )
        for user, contact in people_of(call.seller)
    ]  # fmt: skip
