"""Convert trials: whether it is possible, and the operation of a paid order (business-rules §3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders import buy
from tradepost.market.orders.convert import WithinSpec, check_convertible
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.convertible import convertible_until, paid_time_after_trial
from tradepost.market.subscriptions.frozen_by_hand import frozen_by_hand
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Scene

from .cases import locked_subscriptions, protocol_of, protocols_of
from .kinds.convert import KIND
from .kinds.renew import Renewal
from .models import Operation
from .operate import OperationRequest, operate
from .speak import refreshes


def may_convert(subscription: Subscription, *, now: datetime) -> bool:
    """Return whether the trial can be converted now and its seller supports it. Other services cost no query."""
    return bool(convertible([subscription], now=now))


def convertible(subscriptions: Sequence[Subscription], *, now: datetime) -> set[int]:
    """Return the keys of the subscriptions that can be converted now. Buyers and offers should be fetched."""
    in_time = [
        subscription
        for subscription in subscriptions
        if (until := convertible_until(subscription)) is not None and now < until
    ]
    frozen = frozen_by_hand(in_time)
    in_time = [candidate for candidate in in_time if candidate.pk not in frozen]
    by_product = protocols_of({candidate.product_id for candidate in in_time}) if in_time else {}
    supported_products = {
        product for product, protocol in by_product.items() if refreshes(protocol, Scene.TRIAL_TO_FORMAL)
    }
    return {candidate.pk for candidate in in_time if candidate.product_id in supported_products}


def check_conversion(subscription: Subscription, *, now: datetime) -> None:
    """Raise ``Refused`` for a service that is not a trial or has ended, or whose seller does not support it."""
    check_convertible(subscription, now=now)
    seller_protocol = protocol_of(subscription)
    if seller_protocol is None or not refreshes(seller_protocol, Scene.TRIAL_TO_FORMAL):
        raise Refused(
            "conversion.no_word",
            _(
                "The protocol of this product does not support converting a trial to a formal service. Order the "
                "product instead."
            ),
        )


def is_quantity_fixed(subscription: Subscription) -> bool:
    """Return whether the quantity cannot change, because the protocol does not send it."""
    seller_protocol = protocol_of(subscription)
    return seller_protocol is not None and not seller_protocol.life.refresh_tells_quantity


def convert(
    subscription: Subscription, buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta
) -> Order:
    """Order paid time for a trial; a free order continues at once. Raises ``Refused``."""
    check_conversion(subscription, now=now)
    if command.quantity != subscription.quantity and is_quantity_fixed(subscription):
        raise Refused(
            "conversion.quantity",
            _(
                "The quantity must be the same as in the trial, because the seller's protocol cannot send a "
                "different one."
            ),
            HTTPStatus.BAD_REQUEST,
            field="quantity",
        )
    return buy.convert(buyer, command, now=now, unpaid_timeout=unpaid_timeout)


def begin_conversions(numbers: Sequence[str], now: datetime) -> None:
    """Start the operations of these paid orders. Start and end are fixed now."""
    lines = OrderLine.objects.filter(order__number__in=numbers, order__status=Order.Status.PROCESSING)
    keys = set(lines.values_list("subscription_id", flat=True)) - {None}
    subscriptions = {locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)}
    requests = []
    for line in lines.select_related("order__buyer", "offer__sku__spec").order_by("pk"):
        subscription = subscriptions.get(line.subscription_id or 0)
        if subscription is None or subscription.expires_at is None:
            give_up_order(line.order, now=now, reason=gettext_noop("The trial has no expiry date that can be changed."))
            continue
        time = paid_time_after_trial(subscription, line.period_type, line.period_number, now=now)
        requests.append(
            OperationRequest(
                kind=KIND.name,
                subscription=subscription,
                line=line,
                origin=Operation.Origin.BUYER,
                actor=line.order.buyer.email,
                wanted=Renewal(since=time.since, until=time.until),
            )
        )
    operate(requests, now=now)
