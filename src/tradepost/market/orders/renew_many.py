"""Many renewals that the market orders for its buyers at one moment: each is checked before anything is written, and what
can be ordered is placed and paid together, in few statements (decision 0048).

The rules are those of a renewal by hand (``renew``, ``pay``); what is refused leaves nothing behind, and takes no other down.
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
from .place import new_line, new_order, quote, sold_version
from .pricing import Priced
from .renew import all_on_sale, being_changed, check_renewable
from .sales import record_all_paid

AT_ONCE = timedelta(hours=1)
"""Time to pay an order that is paid in the transaction that makes it."""
LOOKS = 5
"""How often balances are looked at anew, because somebody else spent what was counted on."""


class Renewal(Struct, frozen=True, kw_only=True):
    """``held`` is locked, with its offer and buyer. ``impossible``: why it cannot be, where the caller knows."""

    held: Subscription
    duration: Duration
    idempotency_key: str
    impossible: Refused | None = None


class _Ready(Struct, frozen=True, kw_only=True):
    renewal: Renewal
    offer: Offer
    priced: Priced
    pay_before: datetime


def order_renewals(renewals: Sequence[Renewal], *, now: datetime) -> dict[int, Order | Refused]:
    """By subscription the order, placed and paid in the order given here, or why there is none. In the caller's
    transaction."""
    checked = _check(renewals, now)
    for _look in range(LOOKS):
        ready, result = _within_balances(checked)
        try:
            with transaction.atomic():
                return result | _write(ready, now)
        except ledger.Overdrawn:
            continue
    raise RuntimeError(f"the balances of {len(renewals)} buyers' services do not come to rest")


def _check(renewals: Sequence[Renewal], now: datetime) -> dict[int, _Ready | Refused]:
    """All but the money; a fixed number of queries, but for services that are frozen."""
    offers = all_on_sale({one.held.offer.sku_id for one in renewals})
    changing = with_open_changes([one.held for one in renewals])
    checked: dict[int, _Ready | Refused] = {}
    for one in renewals:
        try:
            checked[one.held.pk] = _checked(one, offers, changing, now)
        except Refused as refused:
            checked[one.held.pk] = refused
    return checked


def _checked(
    renewal: Renewal, offers: Mapping[int, Sequence[Offer]], changing: Collection[int], now: datetime
) -> _Ready:
    held = renewal.held
    if renewal.impossible is not None:
        raise renewal.impossible
    sold = offers.get(held.offer.sku_id, ())
    offer = next((one for one in sold if one.period_type == renewal.duration.period_type), None)
    if offer is None:
        raise _not_on_sale()
    last_moment = check_renewable(held, now=now)
    if held.pk in changing:
        raise being_changed()
    if offer.sku.spec.product.seller.status != Seller.Status.ACTIVE:
        raise _not_on_sale()
    return _Ready(
        renewal=renewal,
        offer=offer,
        priced=quote(offer, quantity=held.quantity, periods=renewal.duration.periods),
        pay_before=min(now + AT_ONCE, last_moment),
    )


def _not_on_sale() -> Refused:
    return Refused("offer.unknown", _("This choice is not on sale (any more)."))


def _within_balances(checked: Mapping[int, _Ready | Refused]) -> tuple[list[_Ready], dict[int, Order | Refused]]:
    """Those whose buyers' balances reach, one after the other; the others are refused."""
    payable = [one for one in checked.values() if isinstance(one, _Ready)]
    left = pay_many.balances_of(
        {one.renewal.held.buyer for one in payable}, {one.priced.total.currency for one in payable}
    )
    ready: list[_Ready] = []
    result: dict[int, Order | Refused] = {pk: one for pk, one in checked.items() if isinstance(one, Refused)}
    for one in payable:
        account, price = (one.renewal.held.buyer_id, one.priced.total.currency), one.priced.total.minor
        if price > left[account]:
            result[one.renewal.held.pk] = ledger.too_low()
        else:
            left[account] -= price
            ready.append(one)
    return ready, result


def _write(ready: Sequence[_Ready], now: datetime) -> dict[int, Order]:
    """Orders, lines and money, as ``place_renewal`` and ``pay_order`` write them; no timer, since none waits to be paid.
    Raises ``Overdrawn``."""
    if not ready:
        return {}
    orders = rows.create(
        new_order(
            one.renewal.held.buyer,
            Order.Type.RENEW,
            one.priced.total,
            now=now,
            pay_before=one.pay_before,
            idempotency_key=one.renewal.idempotency_key,
            origin=Order.Origin.TIMER,
        )
        for one in ready
    )
    versions = _sold_versions([one.offer for one in ready])
    rows.create(
        new_line(
            order,
            one.offer,
            one.priced,
            version=versions[one.offer.sku.spec.product_id],
            subscription=one.renewal.held,
            now=now,
        )
        for order, one in zip(orders, ready, strict=True)
    )
    ORDER.move_all(orders, OrderEvent.PAY, now=now, actor="market", paid_at=now)
    pay_many.pay_all(
        [pay_many.Payment(user=order.buyer, amount=order.total, order_number=order.number) for order in orders], now=now
    )
    record_all_paid(orders, now=now)
    return {one.renewal.held.pk: order for order, one in zip(orders, ready, strict=True)}


def _sold_versions(offers: Sequence[Offer]) -> dict[int, int]:
    """By product the key of the version that is sold, as ``sold_version`` says it of one."""
    products = {offer.sku.spec.product_id: offer.sku.spec.product for offer in offers}
    listed = Version.objects.filter(product__in=products, status=Version.Status.LISTED)
    found = dict(listed.order_by("listed_at", "number").values_list("product", "pk"))
    return found | {pk: sold_version(product) for pk, product in products.items() if pk not in found}
