"""What buyer and seller are told of what an operator did to a service, with the operator's reason."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.events import OperatorActed
from tradepost.market.subscriptions.models import Subscription

from . import facts as f
from .reactions import people_of
from .tell import tell_all
from .telling import Telling

OF_ACTS = {
    "freeze": ("service_frozen_by_operator", "seller_service_frozen"),
    "lift": ("", "seller_service_unfrozen"),
    "release": ("service_ended_by_operator", "seller_service_ended"),
}
"""What the buyer and what the seller is told. That it can be used again the buyer learns when it is so."""


def on_operator_acted(event: OperatorActed, now: datetime) -> None:
    held = with_product(Subscription.objects.select_related("seller")).get(pk=event.subscription)
    to_buyer, to_seller = OF_ACTS[event.act]
    facts = {
        "product": f.names(held.product.name, held.product.name_en),
        "line": held.order_line_number,
        "reason": event.reason,
    }
    once = f"{held.pk}/{event.at.isoformat()}"
    link = reverse("seller_center:order", args=[held.order_line_number])
    tellings = [
        Telling(user=user, kind=to_seller, facts=facts, once=once, link=link, contact=contact, seller=held.seller_id)
        for user, contact in people_of(held.seller)
    ]
    if to_buyer:
        own = reverse("storefront:subscription", args=[held.pk])
        tellings.append(Telling(user=held.buyer, kind=to_buyer, facts=facts, once=once, link=own))
    tell_all(tellings, now=now)
