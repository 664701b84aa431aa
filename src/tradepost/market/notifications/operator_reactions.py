"""What buyer and seller are told of what an operator did to a service, with the operator's reason."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.base.money import Money
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.events import OperatorActed
from tradepost.market.subscriptions.models import Subscription

from . import facts as f
from .reactions import people_of
from .tell import tell_all
from .telling import Telling

SELLERS = {"freeze": "seller_service_frozen", "lift": "seller_service_unfrozen", "release": "seller_service_ended"}
"""Kinds of notices by act; ``_plain`` where the seller's interface is not called."""
DELETION = {
    DeletedBy.SELLER: gettext_noop("It can no longer be used, and the seller deletes it with its data."),
    DeletedBy.CLOUD: gettext_noop("It can no longer be used, and the cloud deletes the server with its data."),
    DeletedBy.IMAGE: gettext_noop("Your server and its data stay. While the server runs, each hour is billed."),
    DeletedBy.NOBODY: gettext_noop("It can no longer be used."),
}


def on_operator_acted(event: OperatorActed, now: datetime) -> None:
    held = with_product(Subscription.objects.select_related("seller")).get(pk=event.subscription)
    by = deleted_by(held)
    to_seller = SELLERS[event.act] if by is DeletedBy.SELLER else f"{SELLERS[event.act]}_plain"
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
    if (to_buyer := _to_buyer(event, held)) is not None:
        kind, more = to_buyer
        own = reverse("storefront:subscription", args=[held.pk])
        tellings.append(Telling(user=held.buyer, kind=kind, facts={**facts, **more}, once=once, link=own))
    tell_all(tellings, now=now)


def _to_buyer(event: OperatorActed, held: Subscription) -> tuple[str, dict[str, f.Json]] | None:
    """The kind of the notice and its facts. A lift is not told: the buyer learns that it can be used again when it is so."""
    match event.act:
        case "freeze":
            runs_on = held.expires_at is not None and held.offer.renewable
            return "service_frozen_by_operator" if runs_on else "service_frozen_by_operator_plain", {}
        case "release":
            deletion = {"deletion": f.phrase(DELETION[deleted_by(held)])}
            if not event.back_minor:
                return "service_closed_by_operator", deletion
            back = f.money(Money(event.back_minor, held.offer.currency))
            return "service_closed_by_operator_refunded", {**deletion, "amount": back}
    return None
