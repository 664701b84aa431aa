"""Tell a seller that its server could not be notified of an order (saas-v1-license D1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.outbox import batched
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call

from . import facts as f
from .people import people_of
from .tell import AddressedNotice, send_notices


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """After the last attempt; calls for other purposes are left to their own reactions."""
    call_pks = [
        event.call for event in events if event.purpose == Call.Purpose.NOTICE and event.outcome == Call.Outcome.GAVE_UP
    ]
    calls = (
        Call.objects.select_related("product", "seller").defer("command").filter(pk__in=call_pks) if call_pks else ()
    )
    tellings = [telling for call in calls for telling in _notices(call)]
    if tellings:
        send_notices(tellings, now=now)


def _notices(call: Call) -> list[AddressedNotice]:
    """One per member. A restart that fails is told again: it has one attempt more."""
    facts = {
        "line": call.order_line_number,
        "product": f.names(call.product.name, call.product.name_en) if call.product else f.names("–", "–"),
        "reason": f.verdict(call.last_verdict, call.protocol),
    }
    return [
        AddressedNotice(
            user=user, kind="seller_order_notice_gave_up", once=f"{call.pk}/{call.attempts}",
            link=reverse("seller_center:message", args=[call.pk]), facts=facts, contact=contact, seller=call.seller_id,
        )
        for user, contact in people_of(call.seller)
    ]  # fmt: skip
