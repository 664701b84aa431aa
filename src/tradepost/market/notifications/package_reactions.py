"""Who is told what about packages of usage: their buyer, once for each quota."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.base.events import on
from tradepost.market.billing import stops
from tradepost.market.billing.events import QuotaLow, QuotaUsedUp, RepurchaseFailed
from tradepost.market.metering.models import Quota
from tradepost.market.metering.seller_queries import units
from tradepost.market.orders.auto_renew import reason_words

from . import facts as f
from .tell import tell

ON_DEMAND = gettext_noop("What goes beyond it is charged at the price on demand.")
STOPS = gettext_noop("The service stops then, until you buy another package.")
STOPS_FOR_GOOD = gettext_noop("The service stops then; another package is opened as a service of its own.")
AGAIN = gettext_noop("It is full again when its next month or year begins.")
OTHERS = gettext_noop("What is left of other packages is used next.")
NEEDS_SERVICE = gettext_noop("The service that it would be deducted from cannot be used at the moment.")


def _quota(pk: int) -> Quota:
    return Quota.objects.select_related("package__subscription__buyer", "package__subscription__product",
                                        "package__subscription__offer").get(pk=pk)  # fmt: skip


def _facts(quota: Quota) -> dict[str, f.Json]:
    held = quota.package.subscription
    return {
        "product": f.names(held.product.name, held.product.name_en),
        "amount": f.quantity(units(quota.amount)),
        "unit": f.names(held.offer.usage_unit, held.offer.usage_unit_en),
    }


def _link(quota: Quota) -> str:
    return reverse("storefront:package", args=[quota.package_id])


def on_quota_low(event: QuotaLow, now: datetime) -> None:
    quota = _quota(event.quota)
    stops_then = STOPS_FOR_GOOD if quota.package.subscription.offer.charging.uses else STOPS
    facts = _facts(quota) | {
        "left": f.quantity(units(event.left)),
        "then": f.phrase(stops_then if quota.package.stops else ON_DEMAND),
    }
    if quota.ends_at is None:
        tell(quota.package.subscription.buyer, "uses_low", facts=facts, once=str(quota.pk), link=_link(quota), now=now)
        return
    facts["until"] = f.moment(quota.ends_at)
    tell(quota.package.subscription.buyer, "package_low", facts=facts, once=str(quota.pk), link=_link(quota), now=now)


def on_quota_used_up(event: QuotaUsedUp, now: datetime) -> None:
    """Where the service stops for it that is told instead (``service_reactions``)."""
    quota = _quota(event.quota)
    if stops.is_stopped(quota.service_id, now):
        return
    others = Quota.objects.filter(service=quota.service_id, starts_at__lte=now, ends_at__gt=now, remaining__gt=0)
    then = OTHERS if others.exists() else AGAIN if quota.package.reset else ON_DEMAND
    facts = _facts(quota) | {"then": f.phrase(then)}
    tell(
        quota.package.subscription.buyer, "package_used_up", facts=facts, once=str(quota.pk), link=_link(quota), now=now
    )


def on_repurchase_failed(event: RepurchaseFailed, now: datetime) -> None:
    """Once for each reason."""
    quota = _quota(event.quota)
    words = NEEDS_SERVICE if event.reason == "order.needs_on_demand" else reason_words(event.reason)
    held = quota.package.subscription
    facts = {"product": f.names(held.product.name, held.product.name_en), "reason": f.phrase(words)}
    once = f"{quota.pk}/{event.reason}"
    tell(held.buyer, "package_not_bought_again", facts=facts, once=once, link=_link(quota), now=now)


REACTIONS = (
    on(QuotaLow, on_quota_low),
    on(QuotaUsedUp, on_quota_used_up),
    on(RepurchaseFailed, on_repurchase_failed),
)
"""A part of ``wiring``'s table."""
