"""Watch remaining quotas: alert their buyer, and repurchase the package if requested (business-rules §9).

Low quotas are reported only for packages that do not reset; used-up quotas always.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.metering.events import QuotaDeducted
from tradepost.market.metering.models import Quota
from tradepost.protocols.open_api.usage_items import SCALE

from . import repurchase
from .events import QuotaLow, QuotaUsedUp
from .models import PackageAlert
from .thresholds import Kind, became_low, became_used_up, low_at

MAX_REPURCHASES = 100
MAX_AMOUNT = Decimal(10) ** 11
"""Maximum quota in units."""


class AlertRule(Struct, frozen=True, kw_only=True):
    """Settings of alerts. ``low_percent``: threshold without a buyer's alert."""

    low_percent: int
    unpaid_timeout: timedelta


def rule_of(settings: Config) -> AlertRule:
    unpaid_timeout = timedelta(minutes=settings.orders.unpaid_timeout_minutes)
    return AlertRule(low_percent=settings.billing.package_low_percent, unpaid_timeout=unpaid_timeout)


def on_quota_deducted(event: QuotaDeducted, now: datetime, *, rule: AlertRule) -> None:
    """Reaction: publish alerts and repurchase. Idempotent."""
    quota = Quota.objects.select_related("package__subscription__buyer", "package__subscription__offer").get(
        pk=event.quota
    )
    package = quota.package.subscription
    alert = alert_of(package.buyer, package.offer)
    low_limit = (
        low_at(quota.amount, alert.kind, alert.threshold)
        if alert
        else low_at(quota.amount, Kind.PERCENT, rule.low_percent)
    )
    used_up = became_used_up(event.before, event.after)
    is_low = not quota.package.reset and became_low(event.before, event.after, low_limit)
    if used_up:
        outbox.publish(QuotaUsedUp(quota=quota.pk, package=package.pk), now=now)
    elif is_low:
        outbox.publish(QuotaLow(quota=quota.pk, package=package.pk, left=event.after), now=now)
    if alert is not None and alert.repurchases_left and not quota.package.reset and (used_up or is_low):
        repurchase.repurchase(quota, alert, now=now, unpaid_timeout=rule.unpaid_timeout)


def alert_of(buyer: User, offer: Offer) -> PackageAlert | None:
    """Return the alert for the offer, otherwise the general one."""
    alerts = PackageAlert.objects.filter(buyer=buyer)
    return alerts.filter(offer=offer).first() or alerts.filter(offer=None).first()


def set_alert(
    buyer: User, offer: Offer | None, kind: Kind, threshold: Decimal, *, repurchases: int = 0, now: datetime
) -> PackageAlert:
    """Replace the alert (business-rules §9). ``threshold``: percent or units.

    Raises ``Refused`` for an invalid threshold, or a repurchase of a package that resets.
    """
    _check(offer, kind, threshold, repurchases)
    stored_threshold = int(threshold) if kind is Kind.PERCENT else int(threshold * SCALE)
    with transaction.atomic():
        alert, _new = PackageAlert.objects.update_or_create(
            buyer=buyer, offer=offer,
            defaults={"by": kind, "threshold": stored_threshold, "repurchases_left": repurchases, "changed_at": now},
        )  # fmt: skip
    return alert


def _check(offer: Offer | None, kind: Kind, threshold: Decimal, repurchases: int) -> None:
    if kind is Kind.PERCENT and (not 0 <= threshold < 100 or threshold != int(threshold)):
        raise _invalid("alert.percent", _("Enter a whole number of percent from 0 to 99."), "threshold")
    if kind is Kind.AMOUNT and (offer is None or not 0 <= threshold <= MAX_AMOUNT or threshold * SCALE % 1):
        raise _invalid("alert.amount", _("Enter an amount of 0 or more with at most four decimals."), "threshold")
    if not 0 <= repurchases <= MAX_REPURCHASES:
        words = _("Enter the number of automatic repurchases, from 0 to %(most)s.") % {"most": MAX_REPURCHASES}
        raise _invalid("alert.repurchases", words, "repurchases")
    if repurchases and (offer is None or offer.reset):
        words = _("Packages whose quota resets do not support automatic repurchase.")
        raise _invalid("alert.reset", words, "repurchases")


def _invalid(code: str, words: str, field: str) -> Refused:
    return Refused(code, words, HTTPStatus.BAD_REQUEST, field=field)


def clear_alert(buyer: User, offer: Offer | None) -> None:
    """Delete the alert; the general alert or the market's threshold applies again."""
    PackageAlert.objects.filter(buyer=buyer, offer=offer).delete()
