"""Changes in use from outside: whether a service can be changed, by an order of its buyer; and a paid order becomes an
operation (business-rules §4.6, saas-v2 §3.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders import buy
from tradepost.market.orders.change import (
    ChangeService,
    check_sold,
    check_standing,
    check_still,
    targets,
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
    """It is in use, its seller offers a change, and can be told of it."""
    try:
        check_standing(subscription, now=now)
        check_sold(subscription)
        check_spoken(subscription)
    except Refused:
        return False
    return bool(targets(subscription))


def check_spoken(subscription: Subscription) -> None:
    """Raises ``Refused`` where the protocol of the product has no word for a change, or its seller did not prove that its
    server knows it (business-rules §4.6: "seller has an upgrade case")."""
    bound = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    spoken = protocols().get(bound.address.protocol) if bound else None
    word = spoken.activities.get(Upgrade) if spoken else None
    if bound is None or word is None or word not in bound.address.proven:
        raise Refused("change.not_spoken", _("The seller of this product does not offer changes while it is used."))


def order_change(
    buyer: User, command: ChangeService, *, now: datetime, unpaid_timeout: timedelta, step_change: StepChange
) -> Order:
    """The order; what costs nothing goes on at once. Raises ``Refused``, and nothing is ordered then."""
    check_spoken(Subscription.objects.get(pk=command.subscription, buyer=buyer))
    return buy.change(buyer, command, now=now, unpaid_timeout=unpaid_timeout, step_change=step_change)


def begin(numbers: Sequence[str], now: datetime) -> None:
    """These orders were paid: each is asked of its seller in its turn. What cannot be any more is paid back."""
    lines = OrderLine.objects.filter(order__number__in=numbers, order__status=Order.Status.PROCESSING, operations=None)
    about = set(lines.values_list("subscription_id", flat=True)) - {None}
    subscriptions = {one.pk: one for one in locked_subscriptions(about)}
    requests = []
    for line in lines.select_related("order__buyer", "offer__sku__spec").order_by("pk"):
        held = subscriptions[line.subscription_id or 0]
        try:
            check_still(line, held, now=now)
        except Refused as refused:
            give_up_order(line.order, now=now, reason=str(refused.message))
            continue
        requests.append(
            OperationRequest(
                kind="upgrade",
                subscription=held,
                line=line,
                origin=Operation.Origin.BUYER,
                actor=line.order.buyer.email,
                wanted=wanted_by(line),
            )
        )
    operate(requests, now=now)


def wanted_by(line: OrderLine) -> Change:
    """With what was paid for it, by the periods of its terms."""
    terms = terms_of_line(line)
    parts = tuple(
        PaidChange(starts_at=part.since, ends_at=part.of.ends_at, begins_at=part.of.starts_at, paid_minor=part.minor)
        for part in fee_of(terms).parts
    )
    if sum(part.paid_minor for part in parts) != line.amount_minor:
        raise ArithmeticError("the parts of a fee add up to it")
    return Change(until=terms.ends_at, parts=parts)
