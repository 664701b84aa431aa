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
from .people import people_of
from .tell import send_notices
from .telling import AddressedNotice

SELLER_KINDS = {"freeze": "seller_service_frozen", "lift": "seller_service_unfrozen", "release": "seller_service_ended"}
"""Kinds of notices by act; ``_plain`` where the seller's interface is not called."""
DELETION_TEXTS = {
    DeletedBy.SELLER: gettext_noop("It can no longer be used, and the seller deletes it with its data."),
    DeletedBy.CLOUD: gettext_noop("It can no longer be used, and the cloud deletes the server with its data."),
    DeletedBy.IMAGE: gettext_noop("Your server and its data are kept. While the server runs, each hour is billed."),
    DeletedBy.NOBODY: gettext_noop("It can no longer be used."),
}


def on_operator_acted(event: OperatorActed, now: datetime) -> None:
    subscription = with_product(Subscription.objects.select_related("seller")).get(pk=event.subscription)
    deleting_party = deleted_by(subscription)
    to_seller = SELLER_KINDS[event.act] if deleting_party is DeletedBy.SELLER else f"{SELLER_KINDS[event.act]}_plain"
    facts = {
        "product": f.names(subscription.product.name, subscription.product.name_en),
        "line": subscription.order_line_number,
        "reason": event.reason,
    }
    once = f"{subscription.pk}/{event.at.isoformat()}"
    link = reverse("seller_center:order", args=[subscription.order_line_number])
    tellings = [
        AddressedNotice(
            user=user, kind=to_seller, facts=facts, once=once, link=link, contact=contact, seller=subscription.seller_id
        )
        for user, contact in people_of(subscription.seller)
    ]
    if (to_buyer := _buyer_kind_and_facts(event, subscription)) is not None:
        kind, buyer_facts = to_buyer
        buyer_link = reverse("storefront:subscription", args=[subscription.pk])
        tellings.append(
            AddressedNotice(
                user=subscription.buyer, kind=kind, facts={**facts, **buyer_facts}, once=once, link=buyer_link
            )
        )
    send_notices(tellings, now=now)


def _buyer_kind_and_facts(event: OperatorActed, subscription: Subscription) -> tuple[str, dict[str, f.Json]] | None:
    """The kind of the notice and its facts. A lift is not told: the buyer learns that it can be used again when it is so."""
    match event.act:
        case "freeze":
            runs_on = subscription.expires_at is not None and subscription.offer.renewable
            return "service_frozen_by_operator" if runs_on else "service_frozen_by_operator_plain", {}
        case "release":
            deletion = {"deletion": f.phrase(DELETION_TEXTS[deleted_by(subscription)])}
            if not event.back_minor:
                return "service_closed_by_operator", deletion
            refund = f.money(Money(event.back_minor, subscription.offer.currency))
            return "service_closed_by_operator_refunded", {**deletion, "amount": refund}
    return None
