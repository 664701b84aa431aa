"""Who is told what about packages of usage: their buyer, once for each quota."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.billing import stops
from tradepost.market.billing.events import QuotaLow, QuotaUsedUp, RepurchaseFailed
from tradepost.market.metering.models import Quota
from tradepost.market.metering.seller_queries import units
from tradepost.market.orders.auto_renew import reason_text

from . import facts as f
from .tell import send_notice

ON_DEMAND = gettext_noop("Usage beyond the package is charged at the on-demand price.")
STOPS = gettext_noop("The service stops then, until you buy another package.")
STOPS_FOR_GOOD = gettext_noop("The service then stops. Another package is opened as a separate service.")
QUOTA_RESETS = gettext_noop("Its quota resets when its next month or year begins.")
OTHER_PACKAGES = gettext_noop("Usage is then deducted from your other packages.")
NEEDS_SERVICE = gettext_noop("The on-demand service that the package covers cannot be used at the moment.")


def _quota(pk: int) -> Quota:
    return Quota.objects.select_related("package__subscription__buyer", "package__subscription__product",
                                        "package__subscription__offer").get(pk=pk)  # fmt: skip


def _facts(quota: Quota) -> dict[str, f.Json]:
    subscription = quota.package.subscription
    return {
        "product": f.names(subscription.product.name, subscription.product.name_en),
        "amount": f.quantity(units(quota.amount)),
        "unit": f.names(subscription.offer.usage_unit, subscription.offer.usage_unit_en),
    }


def _link(quota: Quota) -> str:
    return reverse("storefront:package", args=[quota.package_id])


def on_quota_low(event: QuotaLow, now: datetime) -> None:
    quota = _quota(event.quota)
    stop_words = STOPS_FOR_GOOD if quota.package.subscription.offer.charging.uses else STOPS
    facts = _facts(quota) | {
        "left": f.quantity(units(event.left)),
        "then": f.phrase(stop_words if quota.package.stops else ON_DEMAND),
    }
    if quota.ends_at is None:
        send_notice(
            quota.package.subscription.buyer, "uses_low", facts=facts, once=str(quota.pk), link=_link(quota), now=now
        )
        return
    facts["until"] = f.moment(quota.ends_at)
    send_notice(
        quota.package.subscription.buyer, "package_low", facts=facts, once=str(quota.pk), link=_link(quota), now=now
    )


def on_quota_used_up(event: QuotaUsedUp, now: datetime) -> None:
    """Where the service stops for it that is told instead (``service_reactions``)."""
    quota = _quota(event.quota)
    if stops.is_stopped(quota.service_id, now):
        return
    other_quotas = Quota.objects.filter(service=quota.service_id, starts_at__lte=now, ends_at__gt=now, remaining__gt=0)
    consequence = OTHER_PACKAGES if other_quotas.exists() else QUOTA_RESETS if quota.package.reset else ON_DEMAND
    facts = _facts(quota) | {"then": f.phrase(consequence)}
    send_notice(
        quota.package.subscription.buyer, "package_used_up", facts=facts, once=str(quota.pk), link=_link(quota), now=now
    )


def on_repurchase_failed(event: RepurchaseFailed, now: datetime) -> None:
    """Once for each reason."""
    quota = _quota(event.quota)
    words = NEEDS_SERVICE if event.reason == "order.needs_on_demand" else reason_text(event.reason)
    subscription = quota.package.subscription
    facts = {"product": f.names(subscription.product.name, subscription.product.name_en), "reason": f.phrase(words)}
    once = f"{quota.pk}/{event.reason}"
    send_notice(subscription.buyer, "package_not_bought_again", facts=facts, once=once, link=_link(quota), now=now)
