"""Place many automatic renewals at once: check each, then place and pay the valid ones together in few statements
(decision 0048).

The rules are those of a manual renewal (``renew``, ``pay``). A refused renewal stores nothing and does not affect the
others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Version
from tradepost.market.identity.models import Seller
from tradepost.market.payments import ledger, pay_many
from tradepost.market.subscriptions.models import Subscription

from .changes import with_open_changes
from .durations import Duration
from .lifecycle import ORDER, OrderEvent
from .models import Order
from .place import new_line, new_order, price_choice, sold_version
from .pricing import PricedChoice
from .renew import check_renewable, open_order, renewable_offers_by_sku
from .sales import record_all_paid

PAYMENT_TIME = timedelta(hours=1)
"""Payment time of an order that is paid in its own transaction."""
MAX_ATTEMPTS = 5
"""Maximum attempts when buyers spend their balance at the same time."""


class Renewal(Struct, frozen=True, kw_only=True):
    """One renewal. ``subscription`` is locked, with its offer and buyer. ``impossible``: a refusal that the caller already
    knows."""

    subscription: Subscription
    duration: Duration
    idempotency_key: str
    impossible: Refused | None = None


class _CheckedRenewal(Struct, frozen=True, kw_only=True):
    renewal: Renewal
    offer: Offer
    priced: PricedChoice
    pay_before: datetime


def order_renewals(renewals: Sequence[Renewal], *, now: datetime) -> dict[int, Order | Refused]:
    """Return the paid order or the refusal by subscription key, placed in this order. Runs in the caller's transaction."""
    checks_by_subscription = _check(renewals, now)
    for _look in range(MAX_ATTEMPTS):
        ready_renewals, result = _within_balances(checks_by_subscription)
        try:
            with transaction.atomic():
                return result | _store_renewals(ready_renewals, now)
        except ledger.Overdrawn:
            continue
    raise RuntimeError(f"the balances of {len(renewals)} buyers' services do not come to rest")


def _check(renewals: Sequence[Renewal], now: datetime) -> dict[int, _CheckedRenewal | Refused]:
    """Check everything except balances, in a fixed number of queries plus one per frozen service."""
    offers = renewable_offers_by_sku({renewal.subscription.offer.sku_id for renewal in renewals})
    changing = with_open_changes([renewal.subscription for renewal in renewals])
    checks_by_subscription: dict[int, _CheckedRenewal | Refused] = {}
    for renewal in renewals:
        try:
            checks_by_subscription[renewal.subscription.pk] = _check_renewal(renewal, offers, changing, now)
        except Refused as refusal:
            checks_by_subscription[renewal.subscription.pk] = refusal
    return checks_by_subscription


def _check_renewal(
    renewal: Renewal, offers: Mapping[int, Sequence[Offer]], changing: Collection[int], now: datetime
) -> _CheckedRenewal:
    subscription = renewal.subscription
    if renewal.impossible is not None:
        raise renewal.impossible
    sold_offers = offers.get(subscription.offer.sku_id, ())
    offer = next(
        (candidate for candidate in sold_offers if candidate.period_type == renewal.duration.period_type), None
    )
    if offer is None:
        raise _not_on_sale_refusal()
    last_moment = check_renewable(subscription, now=now)
    if subscription.pk in changing:
        raise open_order()
    if offer.sku.spec.product.seller.status != Seller.Status.ACTIVE:
        raise _not_on_sale_refusal()
    return _CheckedRenewal(
        renewal=renewal,
        offer=offer,
        priced=price_choice(offer, quantity=subscription.quantity, periods=renewal.duration.periods),
        pay_before=min(now + PAYMENT_TIME, last_moment),
    )


def _not_on_sale_refusal() -> Refused:
    return Refused("offer.unknown", _("This option is not currently on sale."))


def _within_balances(
    checks_by_subscription: Mapping[int, _CheckedRenewal | Refused],
) -> tuple[list[_CheckedRenewal], dict[int, Order | Refused]]:
    """Return the renewals that the buyers' balances cover, in order; refuse the others."""
    payable = [item for item in checks_by_subscription.values() if isinstance(item, _CheckedRenewal)]
    balances = pay_many.balances_of(
        {item.renewal.subscription.buyer for item in payable}, {item.priced.total.currency for item in payable}
    )
    ready_renewals: list[_CheckedRenewal] = []
    result: dict[int, Order | Refused] = {
        pk: item for pk, item in checks_by_subscription.items() if isinstance(item, Refused)
    }
    for item in payable:
        account, price = (item.renewal.subscription.buyer_id, item.priced.total.currency), item.priced.total.minor
        if price > balances[account]:
            result[item.renewal.subscription.pk] = ledger.balance_too_low()
        else:
            balances[account] -= price
            ready_renewals.append(item)
    return ready_renewals, result


def _store_renewals(ready_renewals: Sequence[_CheckedRenewal], now: datetime) -> dict[int, Order]:
    """Store orders, lines and payments as ``place_renewal`` and ``pay_order`` do, without timers. Raises ``Overdrawn``."""
    if not ready_renewals:
        return {}
    orders = rows.create(
        new_order(
            item.renewal.subscription.buyer,
            Order.Type.RENEW,
            item.priced.total,
            now=now,
            pay_before=item.pay_before,
            idempotency_key=item.renewal.idempotency_key,
            origin=Order.Origin.TIMER,
        )
        for item in ready_renewals
    )
    versions = _sold_versions([item.offer for item in ready_renewals])
    rows.create(
        new_line(
            order,
            item.offer,
            item.priced,
            version=versions[item.offer.sku.spec.product_id],
            subscription=item.renewal.subscription,
            now=now,
        )
        for order, item in zip(orders, ready_renewals, strict=True)
    )
    ORDER.move_all(orders, OrderEvent.PAY, now=now, actor="market", paid_at=now)
    pay_many.pay_all(
        [pay_many.Payment(user=order.buyer, amount=order.total, order_number=order.number) for order in orders], now=now
    )
    record_all_paid(orders, now=now)
    return {item.renewal.subscription.pk: order for order, item in zip(orders, ready_renewals, strict=True)}


def _sold_versions(offers: Sequence[Offer]) -> dict[int, int]:
    """Return the key of the version on sale, by product key, as ``sold_version`` does."""
    products = {offer.sku.spec.product_id: offer.sku.spec.product for offer in offers}
    listed_versions = Version.objects.filter(product__in=products, status=Version.Status.LISTED)
    versions = dict(listed_versions.order_by("listed_at", "number").values_list("product", "pk"))
    return versions | {pk: sold_version(product) for pk, product in products.items() if pk not in versions}
