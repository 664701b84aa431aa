"""What a buyer is told of a period image (business-rules §5)."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.compute.models import Server
from tradepost.market.images.events import PeriodImageBound, PeriodImageExpired, PeriodImageIdle
from tradepost.market.images.price import Hourly, hourly_of
from tradepost.market.subscriptions.models import Subscription

from . import facts as f
from .tell import send_notice


def price_fact(price: Hourly | None) -> f.Json | str:
    """What an hour costs, in both languages; a dash where it is not on sale by the hour any more."""
    if price is None:
        return "–"
    amount = f"{price.amount:f}"
    return f.names(f"{amount} {price.currency}/{price.unit}", f"{price.currency} {amount} per {price.unit_en}")


def _service(pk: int) -> Subscription:
    return Subscription.objects.select_related("product", "offer__sku", "buyer").get(pk=pk)


def _facts(service: Subscription) -> f.Json:
    end = service.expires_at
    return {
        "product": f.names(service.product.name, service.product.name_en),
        "until": f.moment(end) if end is not None else "–",
        "price": price_fact(hourly_of(service)),
    }


def on_image_expired(event: PeriodImageExpired, now: datetime) -> None:
    """Where its server runs on, from when that costs money, and how much."""
    service = _service(event.image)
    server = Server.objects.filter(pk=event.server, service__isnull=False).first() if event.server else None
    facts = {**_facts(service), "server": server.name if server else "", "at": f.moment(event.at)}
    kind = "image_expired_billed" if server is not None else "image_expired"
    link = reverse("storefront:server", args=[server.pk]) if server else reverse("storefront:servers")
    send_notice(service.buyer, kind, facts=facts, once=f"{event.image}", link=link, now=now)


def on_image_idle(event: PeriodImageIdle, now: datetime) -> None:
    service = _service(event.image)
    link = reverse("storefront:subscription", args=[service.pk])
    once = f"{event.image}/{event.at.isoformat()}"
    send_notice(service.buyer, "image_idle", facts=_facts(service), once=once, link=link, now=now)


def on_image_bound(event: PeriodImageBound, now: datetime) -> None:
    """Who bound it by buying it knows; what an operator did is told."""
    if not event.by_operator:
        return
    service, server = _service(event.image), Server.objects.get(pk=event.server)
    facts = {**_facts(service), "server": server.name, "at": f.moment(event.at)}
    link = reverse("storefront:server", args=[server.pk])
    once = f"{event.image}/{event.at.isoformat()}"
    send_notice(service.buyer, "image_bound_again", facts=facts, once=once, link=link, now=now)
