"""What is scarce is taken when an order is placed, and given back when it ends undelivered: trials, purchase limits, stock.

Counted under a lock: the row of a limit's use for one buyer, then the stock of the product, last of all. So two tabs never
exceed a limit and nothing is sold twice (business-rules §3.5, §3.7).
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

from .changes import NOT_ENDED
from .models import LimitUse, Order, OrderLine, TrialUse

PURCHASES = (Order.Type.NEW, Order.Type.TRIAL_TO_FORMAL)
ADDING = (Order.Type.CHANGE, Order.Type.RENEW)
UNDELIVERED = (Order.Status.CANCELLED, Order.Status.REFUNDED)
ENDED = (Subscription.Status.RELEASING, Subscription.Status.RELEASED, Subscription.Status.FAILED)


def reserve(order: Order, offer: Offer, *, quantity: int, now: datetime) -> int:
    """Take what an order of this offer needs; its line is not stored yet. Gives what it took of the stock. Raises
    ``Refused`` when the trial or the limit is used up, or not enough is left."""
    if offer.trial:
        _begin_trial(order, offer)
    elif offer.charging_mode != ChargingMode.ON_DEMAND:
        _use_limits(order, offer, quantity, now)
    return _take_stock(offer, quantity, now)


def _begin_trial(order: Order, offer: Offer) -> None:
    # The constraint decides between two tabs; who comes second waits for the first.
    _use, first = TrialUse.objects.get_or_create(
        buyer_id=order.buyer_id, spec_id=offer.sku.spec_id, defaults={"order": order}
    )
    if not first:
        raise Refused(
            "order.trial_used",
            _("You have tried this edition already: a trial is given once. Choose one of its prices."),
            field="product_id",
        )


def _use_limits(order: Order, offer: Offer, quantity: int, now: datetime) -> None:
    spec = offer.sku.spec
    for limit in PurchaseLimit.objects.filter(product=spec.product_id, spec_key__in=["", spec.key]).order_by("pk"):
        LimitUse.objects.get_or_create(limit=limit, buyer_id=order.buyer_id)
        use = LimitUse.objects.select_for_update(of=("self",)).get(limit=limit, buyer_id=order.buyer_id)
        before = used(limit, order.buyer_id, now=now)
        use.used = before + units(limit, quantity)
        if use.used > limit.maximum:
            raise _too_many(limit, before)
        use.save(update_fields=["used"])


def reserve_added(line: OrderLine, *, before: int) -> None:
    """A quantity that becomes greater, in use or at its renewal, counts for the limits of a quantity, as if it had been bought
    so. The line is stored already, and counted with the rest. Raises ``Refused`` when a limit would be exceeded."""
    spec = line.offer.sku.spec
    limits = PurchaseLimit.objects.filter(product=spec.product_id, spec_key__in=["", spec.key], maximum__gt=1)
    for limit in limits.order_by("pk"):
        LimitUse.objects.get_or_create(limit=limit, buyer_id=line.buyer_id)
        use = LimitUse.objects.select_for_update(of=("self",)).get(limit=limit, buyer_id=line.buyer_id)
        counted = used(limit, line.buyer_id, now=line.agreed_at)
        if counted > limit.maximum:
            raise _too_many(limit, counted - line.quantity + before)
        LimitUse.objects.filter(pk=use.pk).update(used=counted)


def _too_many(limit: PurchaseLimit, before: int) -> Refused:
    if limit.maximum == 1:
        words = _("This can be bought once, and you have bought it already.")
    else:
        words = _("You can buy %(most)s of this in all, and have %(used)s of them already.") % {
            "most": limit.maximum, "used": before,
        }  # fmt: skip
    return Refused("order.limit", words, field="quantity")


def units(limit: PurchaseLimit, quantity: int) -> int:
    """What a purchase counts: one where it is limited to once, else its quantity."""
    return 1 if limit.maximum == 1 else quantity


def used(limit: PurchaseLimit, buyer_id: int, *, now: datetime) -> int:
    """What a buyer has bought of a limit: not what was cancelled or paid back, tried or is on demand; where the limit holds
    until the end of the service, not what has ended (business-rules §3.7). What is being added counts, too: it is paid, or may
    be at any moment."""
    added = OrderLine.objects.filter(
        subscription=OuterRef("subscription"), order__order_type__in=ADDING, status__in=NOT_ENDED
    )
    lines = OrderLine.objects.filter(
        buyer=buyer_id, product=limit.product_id, order__order_type__in=PURCHASES, order__origin=Order.Origin.BUYER
    )
    lines = lines.exclude(status__in=UNDELIVERED).exclude(charging_mode=ChargingMode.ON_DEMAND)
    if limit.spec_key:
        lines = lines.filter(offer__sku__spec__key=limit.spec_key)
    if limit.until_expiry:
        # What has expired may be about to be renewed, and a trial that has ended to become formal.
        over = Q(subscription__status__in=ENDED) | (Q(subscription__expires_at__lte=now) & ~Exists(added))
        converting = Q(order__order_type=Order.Type.TRIAL_TO_FORMAL, status__in=NOT_ENDED)
        lines = lines.filter(Q(subscription=None) | converting | ~over)
    if limit.maximum == 1:
        return lines.count()
    # What was added since counts, too.
    most = Subquery(added.order_by("-quantity").values("quantity")[:1])
    held = Greatest("quantity", Coalesce("subscription__quantity", 0), Coalesce(most, 0))
    return int(lines.aggregate(sum=Sum(held))["sum"] or 0)


def _take_stock(offer: Offer, quantity: int, now: datetime) -> int:
    """In one statement, which waits for whoever else takes of it."""
    product = offer.sku.spec.product
    try:
        product.stock  # noqa: B018  # joined when the offer was read
    except ObjectDoesNotExist:
        return 0  # this kind of product has none
    if not Stock.objects.filter(product=product, used__lte=F("total") - quantity).update(used=F("used") + quantity):
        left = Stock.objects.filter(product=product).values_list(F("total") - F("used"), flat=True).get()
        raise Refused(
            "order.sold_out",
            _("Only %(left)s are left of this.") % {"left": left} if left else _("This is sold out at the moment."),
            field="quantity",
        )
    if Stock.objects.filter(product=product, used=F("total")).exists():
        outbox.publish(StockEmpty(product=product.pk, at=now), now=now)
    return quantity


def give_back(orders: Collection[int], *, now: datetime) -> None:
    """These orders (by pk) ended undelivered. The caller's transaction has moved them already."""
    TrialUse.objects.filter(order__in=orders).delete()
    lines = list(OrderLine.objects.filter(order__in=orders).order_by("pk"))
    uses = LimitUse.objects.none()
    for line in lines:
        uses |= LimitUse.objects.filter(buyer=line.buyer_id, limit__product=line.product_id)
    for use in uses.select_for_update(of=("self",)).select_related("limit").order_by("pk"):
        LimitUse.objects.filter(pk=use.pk).update(used=used(use.limit, use.buyer_id, now=now))
    for line in sorted((one for one in lines if one.stock_taken), key=lambda one: one.product_id):
        Stock.objects.filter(product=line.product_id).update(used=F("used") - line.stock_taken)
