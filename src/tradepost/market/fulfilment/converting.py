"""A trial becomes formal: whether it can, and what its paid order wants of the seller (business-rules §3.5)."""

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
from tradepost.market.subscriptions.convertible import convertible_until, formal_time
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
    """It is a trial, it is time, and its seller can be told of it. Of what is no trial nothing is looked up."""
    return bool(convertible([subscription], now=now))


def convertible(subscriptions: Sequence[Subscription], *, now: datetime) -> set[int]:
    """The keys of those among these that may become formal now. Each with its buyer and its offer."""
    in_time = [one for one in subscriptions if (until := convertible_until(one)) is not None and now < until]
    kept_out = frozen_by_hand(in_time)
    in_time = [one for one in in_time if one.pk not in kept_out]
    spoken = protocols_of({one.product_id for one in in_time}) if in_time else {}
    said = {product for product, protocol in spoken.items() if refreshes(protocol, Scene.TRIAL_TO_FORMAL)}
    return {one.pk for one in in_time if one.product_id in said}


def check_conversion(subscription: Subscription, *, now: datetime) -> None:
    """Raises ``Refused`` for what is no trial, has ended, or whose seller cannot be told of it."""
    check_convertible(subscription, now=now)
    spoken = protocol_of(subscription)
    if spoken is None or not refreshes(spoken, Scene.TRIAL_TO_FORMAL):
        raise Refused(
            "conversion.no_word",
            _("The protocol of this product has no word for a trial that becomes formal: order the product instead."),
        )


def keeps_quantity(subscription: Subscription) -> bool:
    """Whether the seller would not learn of another quantity, so that there is none to choose."""
    spoken = protocol_of(subscription)
    return spoken is not None and not spoken.life.refresh_tells_quantity


def convert(
    subscription: Subscription, buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta
) -> Order:
    """Order paid time for a trial, and go on at once where there is nothing to pay. Raises ``Refused``."""
    check_conversion(subscription, now=now)
    if command.quantity != subscription.quantity and keeps_quantity(subscription):
        raise Refused(
            "conversion.quantity",
            _("The number stays as it was tried: the seller's protocol has no word for another one here."),
            HTTPStatus.BAD_REQUEST,
            field="quantity",
        )
    return buy.convert(buyer, command, now=now, unpaid_timeout=unpaid_timeout)


def begin_conversions(numbers: Sequence[str], now: datetime) -> None:
    """What these paid orders want. The beginning and the end are fixed now, and never computed again."""
    lines = OrderLine.objects.filter(order__number__in=numbers, order__status=Order.Status.PROCESSING)
    about = set(lines.values_list("subscription_id", flat=True)) - {None}
    subscriptions = {one.pk: one for one in locked_subscriptions(about)}
    requests = []
    for line in lines.select_related("order__buyer", "offer__sku__spec").order_by("pk"):
        subscription = subscriptions.get(line.subscription_id or 0)
        if subscription is None or subscription.expires_at is None:
            give_up_order(line.order, now=now, reason=gettext_noop("The trial has no end that could be moved."))
            continue
        time = formal_time(subscription, line.period_type, line.period_number, now=now)
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
