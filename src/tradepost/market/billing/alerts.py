"""Watch what is left of packages: tell their buyer in time, and buy the next one where that is wanted (business-rules §9).

Only what is never full again is watched for being low; that a package is used up is told of each.
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
from .low import Kind, became_low, became_used_up, low_at
from .models import PackageAlert

MOST_REPURCHASES = 100
LARGEST = Decimal(10) ** 11
"""Units, as of a quota."""


class AlertRule(Struct, frozen=True, kw_only=True):
    """What the market's settings say. ``low_percent``: where a buyer set no alert."""

    low_percent: int
    unpaid_timeout: timedelta


def rule_of(settings: Config) -> AlertRule:
    unpaid_timeout = timedelta(minutes=settings.unpaid_timeout_minutes)
    return AlertRule(low_percent=settings.package_low_percent, unpaid_timeout=unpaid_timeout)


def on_quota_deducted(event: QuotaDeducted, now: datetime, *, rule: AlertRule) -> None:
    """Reaction. A repeat buys nothing twice, and what is told has its name."""
    quota = Quota.objects.select_related("package__subscription__buyer", "package__subscription__offer").get(
        pk=event.quota
    )
    package = quota.package.subscription
    alert = alert_of(package.buyer, package.offer)
    low = (
        low_at(quota.amount, alert.kind, alert.threshold)
        if alert
        else low_at(quota.amount, Kind.PERCENT, rule.low_percent)
    )
    used_up = became_used_up(event.before, event.after)
    is_low = not quota.package.reset and became_low(event.before, event.after, low)
    if used_up:
        outbox.publish(QuotaUsedUp(quota=quota.pk, package=package.pk), now=now)
    elif is_low:
        outbox.publish(QuotaLow(quota=quota.pk, package=package.pk, left=event.after), now=now)
    if alert is not None and alert.repurchases_left and not quota.package.reset and (used_up or is_low):
        repurchase.repurchase(quota, alert, now=now, unpaid_timeout=rule.unpaid_timeout)


def alert_of(buyer: User, offer: Offer) -> PackageAlert | None:
    """That of the offer, or else that of all."""
    found = PackageAlert.objects.filter(buyer=buyer)
    return found.filter(offer=offer).first() or found.filter(offer=None).first()


def set_alert(
    buyer: User, offer: Offer | None, kind: Kind, threshold: Decimal, *, repurchases: int = 0, now: datetime
) -> PackageAlert:
    """In place of the one before: of another kind that is void (business-rules §9). ``threshold``: percent, or units.

    Raises ``Refused`` for a threshold that is none, and for a repurchase of what is full again by itself.
    """
    _check(offer, kind, threshold, repurchases)
    kept = int(threshold) if kind is Kind.PERCENT else int(threshold * SCALE)
    with transaction.atomic():
        alert, _new = PackageAlert.objects.update_or_create(
            buyer=buyer, offer=offer,
            defaults={"by": kind, "threshold": kept, "repurchases_left": repurchases, "changed_at": now},
        )  # fmt: skip
    return alert


def _check(offer: Offer | None, kind: Kind, threshold: Decimal, repurchases: int) -> None:
    if kind is Kind.PERCENT and (not 0 <= threshold < 100 or threshold != int(threshold)):
        raise _wrong("alert.percent", _("Enter a whole number of percent from 0 to 99."), "threshold")
    if kind is Kind.AMOUNT and (offer is None or not 0 <= threshold <= LARGEST or threshold * SCALE % 1):
        raise _wrong("alert.amount", _("Enter an amount from 0 on with at most four decimals."), "threshold")
    if not 0 <= repurchases <= MOST_REPURCHASES:
        words = _("Enter how often it may be bought again, from 0 to %(most)s.") % {"most": MOST_REPURCHASES}
        raise _wrong("alert.repurchases", words, "repurchases")
    if repurchases and (offer is None or offer.reset):
        words = _("What is full again by itself is not bought again by itself.")
        raise _wrong("alert.reset", words, "repurchases")


def _wrong(code: str, words: str, field: str) -> Refused:
    return Refused(code, words, HTTPStatus.BAD_REQUEST, field=field)


def clear_alert(buyer: User, offer: Offer | None) -> None:
    """From now on the market's own threshold holds, or that of all."""
    PackageAlert.objects.filter(buyer=buyer, offer=offer).delete()
