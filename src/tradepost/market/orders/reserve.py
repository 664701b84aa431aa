"""Reserve trials, purchase limits and stock when an order is placed, and release them if it ends undelivered.

Locks the buyer's use of a limit, then the product's stock last. Concurrent orders never exceed a limit or the stock
(business-rules §3.5, §3.7).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.events import StockEmpty
from tradepost.market.catalog.models import Offer, PurchaseLimit, Stock
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import ChargingMode

from .changes import OPEN_STATUSES
from .models import LimitUse, Order, OrderLine, TrialUse

PURCHASE_TYPES = (Order.Type.NEW, Order.Type.TRIAL_TO_FORMAL)
ADDITION_TYPES = (Order.Type.CHANGE, Order.Type.RENEW)
UNDELIVERED_STATUSES = (Order.Status.CANCELLED, Order.Status.REFUNDED)
ENDED_STATUSES = (Subscription.Status.RELEASING, Subscription.Status.RELEASED, Subscription.Status.FAILED)


def reserve(order: Order, offer: Offer, *, quantity: int, now: datetime) -> int:
    """Reserve what an order of this offer needs, before its line is stored, and return the units taken from stock.

    Raises ``Refused`` if the trial or limit is used up, or the stock is too low.
    """
    if offer.trial:
        _begin_trial(order, offer)
    elif offer.charging_mode != ChargingMode.ON_DEMAND:
        _use_limits(order, offer, quantity, now)
    return _take_stock(offer, quantity, now)


def _begin_trial(order: Order, offer: Offer) -> None:
    # The constraint decides between two tabs; the second waits for the first.
    _use, is_first = TrialUse.objects.get_or_create(
        buyer_id=order.buyer_id, spec_id=offer.sku.spec_id, defaults={"order": order}
    )
    if not is_first:
        raise Refused(
            "order.trial_used",
            _("You have already tried this edition. A trial is available only once. Choose one of its prices."),
            field="product_id",
        )


def _use_limits(order: Order, offer: Offer, quantity: int, now: datetime) -> None:
    spec = offer.sku.spec
    for limit in PurchaseLimit.objects.filter(product=spec.product_id, spec_key__in=["", spec.key]).order_by("pk"):
        LimitUse.objects.get_or_create(limit=limit, buyer_id=order.buyer_id)
        use = LimitUse.objects.select_for_update(of=("self",)).get(limit=limit, buyer_id=order.buyer_id)
        used_before = used_units(limit, order.buyer_id, now=now)
        use.used = used_before + limit_units(limit, quantity)
        if use.used > limit.maximum:
            raise _limit_refusal(limit, used_before)
        use.save(update_fields=["used"])


def reserve_added(line: OrderLine, *, before: int) -> None:
    """Count an added quantity toward purchase limits. The line is already stored and counted.

    Raises ``Refused`` if a limit is exceeded.
    """
    spec = line.offer.sku.spec
    limits = PurchaseLimit.objects.filter(product=spec.product_id, spec_key__in=["", spec.key], maximum__gt=1)
    for limit in limits.order_by("pk"):
        LimitUse.objects.get_or_create(limit=limit, buyer_id=line.buyer_id)
        use = LimitUse.objects.select_for_update(of=("self",)).get(limit=limit, buyer_id=line.buyer_id)
        counted_units = used_units(limit, line.buyer_id, now=line.agreed_at)
        if counted_units > limit.maximum:
            raise _limit_refusal(limit, counted_units - line.quantity + before)
        LimitUse.objects.filter(pk=use.pk).update(used=counted_units)


def _limit_refusal(limit: PurchaseLimit, before: int) -> Refused:
    if limit.maximum == 1:
        words = _("This can be bought only once, and you have already bought it.")
    else:
        words = _("The purchase limit is %(most)s, and you have already bought %(used)s.") % {
            "most": limit.maximum, "used": before,
        }  # fmt: skip
    return Refused("order.limit", words, field="quantity")


def limit_units(limit: PurchaseLimit, quantity: int) -> int:
    """Return the units of a purchase: one for a limit of one, else its quantity."""
    return 1 if limit.maximum == 1 else quantity


def used_units(limit: PurchaseLimit, buyer_id: int, *, now: datetime) -> int:
    """Return the buyer's purchases that count toward a limit.

    Cancelled, refunded, trial and pay-per-use orders do not count; if the limit lasts until expiry, ended services do
    not either (business-rules §3.7). Quantities of open changes count.
    """
    added_lines = OrderLine.objects.filter(
        subscription=OuterRef("subscription"), order__order_type__in=ADDITION_TYPES, status__in=OPEN_STATUSES
    )
    lines = OrderLine.objects.filter(
        buyer=buyer_id, product=limit.product_id, order__order_type__in=PURCHASE_TYPES, order__origin=Order.Origin.BUYER
    )
    lines = lines.exclude(status__in=UNDELIVERED_STATUSES).exclude(charging_mode=ChargingMode.ON_DEMAND)
    if limit.spec_key:
        lines = lines.filter(offer__sku__spec__key=limit.spec_key)
    if limit.until_expiry:
        # An expired service may be in renewal, and an ended trial in conversion.
        has_ended = Q(subscription__status__in=ENDED_STATUSES) | (
            Q(subscription__expires_at__lte=now) & ~Exists(added_lines)
        )
        converting = Q(order__order_type=Order.Type.TRIAL_TO_FORMAL, status__in=OPEN_STATUSES)
        lines = lines.filter(Q(subscription=None) | converting | ~has_ended)
    if limit.maximum == 1:
        return lines.count()
    # Include added quantities.
    max_added = Subquery(added_lines.order_by("-quantity").values("quantity")[:1])
    quantity = Greatest("quantity", Coalesce("subscription__quantity", 0), Coalesce(max_added, 0))
    return int(lines.aggregate(sum=Sum(quantity))["sum"] or 0)


def _take_stock(offer: Offer, quantity: int, now: datetime) -> int:
    """Take the units in one statement, which waits for concurrent orders."""
    product = offer.sku.spec.product
    try:
        product.stock  # noqa: B018  # joined when the offer was read
    except ObjectDoesNotExist:
        return 0  # this product type has no stock
    if not Stock.objects.filter(product=product, used__lte=F("total") - quantity).update(used=F("used") + quantity):
        remaining = Stock.objects.filter(product=product).values_list(F("total") - F("used"), flat=True).get()
        raise Refused(
            "order.sold_out",
            _("Only %(left)s left in stock.") % {"left": remaining} if remaining else _("Temporarily sold out."),
            field="quantity",
        )
    if Stock.objects.filter(product=product, used=F("total")).exists():
        outbox.publish(StockEmpty(product=product.pk, at=now), now=now)
    return quantity


def release_reservations(orders: Collection[int], *, now: datetime) -> None:
    """Release the reservations of these orders (by key), which ended undelivered. The caller has already moved them."""
    TrialUse.objects.filter(order__in=orders).delete()
    lines = list(OrderLine.objects.filter(order__in=orders).order_by("pk"))
    uses = LimitUse.objects.none()
    for line in lines:
        uses |= LimitUse.objects.filter(buyer=line.buyer_id, limit__product=line.product_id)
    for use in uses.select_for_update(of=("self",)).select_related("limit").order_by("pk"):
        LimitUse.objects.filter(pk=use.pk).update(used=used_units(use.limit, use.buyer_id, now=now))
    for line in sorted((line for line in lines if line.stock_taken), key=lambda order_line: order_line.product_id):
        Stock.objects.filter(product=line.product_id).update(used=F("used") - line.stock_taken)
