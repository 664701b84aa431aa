"""Changes of running services: whether one is possible, and the operation of a paid order (business-rules §4.6, saas-v2
§3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders import buy
from tradepost.market.orders.change import (
    ChangeService,
    change_targets,
    check_sold,
    check_state,
    check_unchanged,
    terms_of_line,
)
from tradepost.market.orders.change_fee import StepChange, fee_of
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.models import Binding
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Upgrade
from tradepost.protocols.registry import protocols

from .cases import locked_subscriptions
from .contract import PaidChange
from .kinds.upgrade import Change
from .models import Operation
from .operate import OperationRequest, operate


def may_change(subscription: Subscription, *, now: datetime) -> bool:
    """Return whether the service is in use and its seller offers a change and supports it."""
    try:
        check_state(subscription, now=now)
        check_sold(subscription)
        check_supported(subscription)
    except Refused:
        return False
    return bool(change_targets(subscription))


def check_supported(subscription: Subscription) -> None:
    """Raise ``Refused`` if the protocol has no change, or the seller has not proven it with a saved case
    (business-rules §4.6: "seller has an upgrade case")."""
    binding = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    protocol = protocols().get(binding.address.protocol) if binding else None
    activity = protocol.activities.get(Upgrade) if protocol else None
    if binding is None or activity is None or activity not in binding.address.proven:
        raise Refused("change.not_spoken", _("The seller of this product does not offer changes while it is in use."))


def order_change(
    buyer: User, command: ChangeService, *, now: datetime, unpaid_timeout: timedelta, step_change: StepChange
) -> Order:
    """Place the order; a free change continues at once. Raises ``Refused`` and then places no order."""
    check_supported(Subscription.objects.get(pk=command.subscription, buyer=buyer))
    return buy.change(buyer, command, now=now, unpaid_timeout=unpaid_timeout, step_change=step_change)


def begin_changes(numbers: Sequence[str], now: datetime) -> None:
    """Start the operations of these paid orders. Orders that are no longer possible are refunded."""
    lines = OrderLine.objects.filter(order__number__in=numbers, order__status=Order.Status.PROCESSING, operations=None)
    keys = set(lines.values_list("subscription_id", flat=True)) - {None}
    subscriptions = {locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)}
    requests = []
    for line in lines.select_related("order__buyer", "offer__sku__spec").order_by("pk"):
        subscription = subscriptions[line.subscription_id or 0]
        try:
            check_unchanged(line, subscription, now=now)
        except Refused as refusal:
            give_up_order(line.order, now=now, reason=str(refusal.message))
            continue
        requests.append(
            OperationRequest(
                kind="upgrade",
                subscription=subscription,
                line=line,
                origin=Operation.Origin.BUYER,
                actor=line.order.buyer.email,
                wanted=change_of_line(line),
            )
        )
    operate(requests, now=now)


def change_of_line(line: OrderLine) -> Change:
    """Return the change with the payments for the periods of its terms."""
    terms = terms_of_line(line)
    parts = tuple(
        PaidChange(starts_at=part.since, ends_at=part.of.ends_at, begins_at=part.of.starts_at, paid_minor=part.minor)
        for part in fee_of(terms).parts
    )
    if sum(part.paid_minor for part in parts) != line.amount_minor:
        raise ArithmeticError("the parts of a fee add up to it")
    return Change(until=terms.ends_at, parts=parts)
