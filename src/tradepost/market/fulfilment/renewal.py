"""A paid renewal is asked of the seller, once nothing else is being asked of it about the same service.

A freeze that is under way may be done at any moment: asked beside it, the renewal could be over first, and the service
would then be frozen although it is paid for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import batched
from tradepost.market.base.work import State
from tradepost.market.orders.by_hand import end_by_hand
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.renew import renewal_options
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING, renewable_until, renewed_end
from tradepost.protocols.commands import Create, Expire, InstanceStatus, Query, Refresh, Scene, SetStatus
from tradepost.protocols.registry import protocols

from .asking import ask, refresh_of

FREEZES = Q(kind=Expire.__name__) | Q(kind=SetStatus.__name__, command__status=InstanceStatus.FREEZE.value)
_HARMLESS = (Create.__name__, Query.__name__)
"""What may be under way beside a renewal."""


@batched
def on_renewal_paid(paid: Sequence[OrderPaid], now: datetime) -> None:
    """Reaction: each is asked of its seller, or waits for what is being asked already."""
    orders = {event.order for event in paid}
    lines = OrderLine.objects.filter(order__number__in=orders, order__order_type=Order.Type.RENEW)
    held = list(lines.values_list("subscription", flat=True))
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("product", "offer")
    for subscription in locked.filter(pk__in=held).order_by("pk"):
        start_waiting(subscription, now)


def may_renew(subscription: Subscription, *, now: datetime) -> bool:
    """Whether its buyer can renew it at all: it is time, it is on sale, and its seller can be told of it."""
    until = renewable_until(subscription)
    if until is None or now >= until:
        return False
    name = Binding.objects.filter(product=subscription.product_id).values_list("address__protocol", flat=True).first()
    spoken = protocols().get(name or "")
    return spoken is not None and Refresh in spoken.activities and bool(renewal_options(subscription))


def waiting_renewals(subscriptions: Collection[int]) -> QuerySet[OrderLine]:
    """Lines of paid renewals of these (by pk) of which nothing was asked yet."""
    asked = Call.objects.filter(order_number=OuterRef("order__number"), order_line_number=OuterRef("number"))
    lines = OrderLine.objects.filter(
        subscription__in=subscriptions, order__order_type=Order.Type.RENEW, order__status=Order.Status.PROCESSING
    )
    return lines.filter(~Exists(asked))


def start_waiting(subscription: Subscription, now: datetime) -> None:
    """Ask the renewal that waits, if any. ``subscription`` is locked: two reactions must not both find it waiting."""
    waiting = waiting_renewals([subscription.pk]).select_related("order__buyer", "offer")
    line = waiting.order_by("pk").first()
    if line is None:
        return
    if subscription.status not in LIVING:
        end_change(line.order, done=False, note="released", now=now)
        return
    leave_off_freezing(subscription, now)
    open_calls = Call.objects.filter(subscription=subscription).exclude(state=State.ENDED)
    if open_calls.exclude(kind__in=_HARMLESS).exists():
        return  # the end of that call comes here again
    until = renewed_end(subscription, line.period_type, line.period_number)
    try:
        ask(refresh_of(subscription, line, Scene.RENEWAL, until), subscription, now, line)
    except Refused as refused:
        end_change(line.order, done=False, note=str(refused.message), now=now)


def end_change(order: Order, *, done: bool, note: str = "", now: datetime) -> None:
    """What cost nothing ends without a word: mostly somebody tried it by hand in a sandbox."""
    if order.total_minor == 0:
        end_by_hand(order, done=done, note=note, now=now)
    elif done:
        complete_order(order, now=now)
    else:
        give_up_order(order, now=now, reason=note)


def leave_off_freezing(subscription: Subscription, now: datetime) -> None:
    """A freeze that was never sent is not needed any more."""
    unsent = Call.objects.filter(FREEZES, subscription=subscription, attempts=0)
    unsent.filter(state__in=[State.WAITING, State.HELD]).update(
        state=State.ENDED, outcome=Call.Outcome.CANCELLED, hold=Call.Hold.NONE, ended_at=now
    )
