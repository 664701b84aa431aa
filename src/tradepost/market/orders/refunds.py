"""Write an unsubscription: its order, what is paid back of which lines, and the money (business-rules §4.7, operations.md §4).

An order of the type UNSUBSCRIBE costs nothing and earns nothing: what is paid back stands in its ``Refund``. Money goes where it
came from, when the refund is asked for or agreed on, not when the seller has deleted the service. Whoever calls holds the lock
of the subscription; what the seller is told is fulfilment's (``fulfilment/unsubscribe.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.payments import ledger
from tradepost.market.product_types.contract import Returns
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .changes import open_changes
from .events import RefundPaid
from .finish import give_up_order
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import store_line
from .pricing import Priced
from .refund_lifecycle import REFUND, RefundEvent
from .refund_models import OPEN_REFUNDS, Refund, RefundLine
from .refund_terms import HeldService, LineBack, Offered, Part, Rules, Terms, Why, calendar_year, offered
from .refund_words import WORDS

GIVEN_UP = gettext_noop("The buyer unsubscribed before the seller carried it out.")


_COUNTED = frozenset({Returns.NO_REASON, Returns.UNUSED})
"""What of these is paid back whole counts among the times in a year."""


def what_may(subscription: Subscription, rules: Rules, *, now: datetime, stalled: Collection[int] = ()) -> Offered:
    """What its buyer can have paid back now. ``subscription.product`` and ``.offer`` should be fetched."""
    return offered(held_service(subscription, now=now, stalled=stalled), rules, now=now)


def held_service(subscription: Subscription, *, now: datetime, stalled: Collection[int] = ()) -> HeldService:
    """The service as the rules see it; a fixed number of queries. ``stalled``: paid orders (by pk) that stopped at the seller."""
    charging = subscription.offer.charging
    kind = product_type(subscription.product.product_type)
    returns = kind.returns.get(charging.mode, Returns.NEVER)
    if kind.flow_if_wanted and _accepted(subscription):
        returns = Returns.NEVER
    asked = Refund.objects.filter(subscription=subscription, status__in=OPEN_REFUNDS)
    processing = [one for one in open_changes(subscription) if one.status == Order.Status.PROCESSING]
    standing_still = [one.total_minor for one in processing if one.pk in stalled]
    paid = {one.order_type for one in processing if one.pk not in stalled}
    return HeldService(
        opened=subscription.status != Subscription.Status.OPENING,
        living=subscription.status in LIVING,
        charging=charging,
        returns=returns,
        expires_at=subscription.expires_at,
        currency=subscription.offer.currency,
        parts=tuple(_parts(subscription)),
        under_way=bool(paid - {Order.Type.UNSUBSCRIBE}),
        stalled_minor=sum(standing_still) if standing_still else None,
        telling=Order.Type.UNSUBSCRIBE in paid,
        asked=asked.exists(),
        on_server=charging.postpaid and by_cloud(subscription.product.product_type),
        bound=subscription.bound,
        no_reason_used=_no_reason_used(subscription.buyer_id, now=now) if returns in _COUNTED else 0,
    )


def _accepted(subscription: Subscription) -> bool:
    """Whether its buyer accepted the delivery, after which nothing is paid back (business-rules §4.7)."""
    return OrderLine.objects.filter(number=subscription.order_line_number).exclude(flow="").exists()


def _parts(subscription: Subscription) -> list[Part]:
    standing = Period.objects.select_related("offer").filter(subscription=subscription, cancelled_at=None)
    periods = list(standing.order_by("starts_at", "pk"))
    others = _others(subscription) if len(periods) > 1 else frozenset()
    invoiced = _invoiced({one.line_number for one in periods})
    if periods:
        return [
            Part(
                key=one.pk,
                line=one.line_number,
                paid_minor=one.paid_minor,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                trial=one.offer.trial,
                change=one.kind == Period.Kind.CHANGE,
                earned=one.earned_at is not None,
                invoiced=one.line_number in invoiced,
                other=one.line_number in others,
            )
            for one in periods
        ]
    bought = OrderLine.objects.filter(number=subscription.order_line_number, status=Order.Status.COMPLETED).first()
    if bought is None or subscription.started_at is None:
        return []
    return [
        Part(
            key=0,
            line=bought.number,
            paid_minor=bought.amount_minor - bought.reduced_minor,
            starts_at=subscription.started_at,
            invoiced=bought.invoiced_minor > 0,
        )
    ]


def _invoiced(numbers: Collection[str]) -> frozenset[str]:
    """The lines among these that stand on an invoice."""
    return frozenset(
        OrderLine.objects.filter(number__in=numbers, invoiced_minor__gt=0).values_list("number", flat=True)
    )


MOVES = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW)
"""Orders that may make something else be held, besides moving its end."""


def _others(subscription: Subscription) -> frozenset[str]:
    """The lines of such orders by which another edition or quantity is held than by the order before."""
    done = OrderLine.objects.filter(subscription=subscription, status=Order.Status.COMPLETED)
    told = done.exclude(order__order_type=Order.Type.UNSUBSCRIBE).order_by("pk")
    lines = list(told.values_list("number", "order__order_type", "offer__sku", "quantity"))
    return frozenset(
        number
        for (number, order_type, *held), (_number, _type, *before) in zip(lines[1:], lines, strict=False)
        if order_type in MOVES and held != before
    )


def _no_reason_used(buyer: int, *, now: datetime, beside: int = 0) -> int:
    """In the calendar year of now, without the one whose key is ``beside``."""
    begins, ends = calendar_year(now, timezone.get_default_timezone())
    own = Refund.objects.filter(
        buyer=buyer, kind=Refund.Kind.NO_REASON, requested_at__gte=begins, requested_at__lt=ends
    )
    return own.exclude(pk=beside).count()


# --- write ------------------------------------------------------------------------------------------------------------


def place_order(
    subscription: Subscription, *, about: OrderLine, back: Money, actor: str, idempotency_key: str = "", now: datetime
) -> OrderLine:
    """The order UNSUBSCRIBE, under way, with its line; ``about``: the line whose purchase ends."""
    order = Order.objects.create(
        number=ids.order_number(now),
        order_type=Order.Type.UNSUBSCRIBE,
        buyer=subscription.buyer,
        total_minor=0,
        currency=back.currency,
        placed_at=now,
        pay_before=now,
        paid_at=now,
        idempotency_key=idempotency_key,
    )
    nothing = Money(0, back.currency)
    what = Priced(nothing, about.quantity, about.period_number, nothing)
    line = store_line(order, about.offer, what, subscription=subscription, list_minor=back.minor, now=now)
    ORDER.move(order, OrderEvent.PAY, now=now, actor=actor)
    return line


def begin_refund(subscription: Subscription, terms: Terms, line: OrderLine, *, actor: str, now: datetime) -> Refund:
    """Of what needs nobody's consent."""
    refund = Refund.objects.create(
        kind=terms.way.value,
        status=Refund.Status.APPROVED,
        buyer=subscription.buyer,
        seller_id=subscription.seller_id,
        subscription=subscription,
        order=line.order,
        amount_minor=terms.back.minor,
        currency=terms.currency,
        requested_at=now,
        decided_at=now,
        decided_by=actor,
    )
    keep_lines(refund, terms.lines)
    return refund


def keep_lines(refund: Refund, backs: Sequence[LineBack]) -> None:
    lines = dict(OrderLine.objects.filter(number__in=[back.line for back in backs]).values_list("number", "pk"))
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line_id=lines[b.line], paid_minor=b.paid_minor, back_minor=b.back_minor)
        for b in backs
    )


def take_time_back(subscription: Subscription, periods: Collection[int], *, now: datetime) -> None:
    """These periods (by pk) never begin: the paid time ends where the rest of it ends, and what is held is what it was
    without them."""
    if not periods:
        return
    Period.objects.filter(pk__in=periods).update(cancelled_at=now)
    left = Period.objects.filter(subscription=subscription, cancelled_at=None)
    last, latest = left.order_by("-ends_at").first(), left.order_by("-pk").first()
    if last is None or latest is None:
        raise LookupError("a period that has begun is never taken back")
    subscription.expires_at = last.ends_at
    subscription.offer_id, subscription.quantity = latest.offer_id, latest.quantity
    subscription.save(update_fields=["expires_at", "offer", "quantity"])


def _cancel_paid_back(subscription: Subscription, orders: Collection[Order], *, now: datetime) -> None:
    """Nothing that was paid back is paid time, whether it had begun or not. Of the service itself only its end is left to be
    told by what remains of it, if anything does."""
    lines = OrderLine.objects.filter(order__in=orders).values("number")
    own = Period.objects.filter(subscription=subscription, cancelled_at=None)
    if not own.filter(line_number__in=lines).update(cancelled_at=now):
        return
    end = own.aggregate(end=Max("ends_at"))["end"]
    if end is not None:
        subscription.expires_at = end
        subscription.save(update_fields=["expires_at"])


def pay(
    refund: Refund,
    backs: Sequence[LineBack],
    *,
    rules: Rules,
    actor: str,
    now: datetime,
    given_up: Collection[int] = (),
) -> None:
    """Give the money back: what a seller earned is taken back first, what is still held goes at once. Locks orders, what
    they had reserved, and last the buyer's account, under which refunds without a reason are counted. ``given_up``: orders
    (by pk) that stopped at the seller, and are paid back beside this.

    Raises ``Refused`` when the buyer has had as many this year as one may, and where an invoice stands over what is paid back
    (§6.2: it is taken back first); the caller's transaction then ends.
    """
    lines = {
        line.number: line
        for line in OrderLine.objects.select_related("order", "seller").filter(number__in=[b.line for b in backs])
    }
    about = {line.order_id for line in lines.values()} | set(given_up)
    orders = list(Order.objects.select_for_update(of=("self",)).filter(pk__in=about).order_by("pk"))
    if _invoiced([back.line for back in backs if back.back_minor]):  # under the locks that an application takes, too
        raise refused(Offered(why=Why.INVOICED))
    whole = [order for order in orders if _is_paid_back(order)]
    _cancel_paid_back(refund.subscription, whole, now=now)
    ORDER.move_all(whole, OrderEvent.REFUND, now=now, actor=actor)
    for order in orders:
        if order.pk in given_up:
            give_up_order(order, now=now, reason=GIVEN_UP, actor=actor)
    ledger.lock_buyer(refund.buyer, refund.currency)
    if refund.kind == Refund.Kind.NO_REASON:
        used = _no_reason_used(refund.buyer_id, now=now, beside=refund.pk)
        if used >= rules.no_reason_per_year:
            raise refused(Offered(why=Why.TOO_OFTEN))
    number = refund.order.number if refund.order else ""
    for back in backs:
        line = lines[back.line]
        _pay(refund, line, back, reference=f"{number}/{line.number}", actor=actor, now=now)
    REFUND.move_all([refund], RefundEvent.PAY, now=now, actor=actor, ended_at=now)
    outbox.publish(RefundPaid(refund=refund.pk), now=now)


def _is_paid_back(order: Order) -> bool:
    """Whether nothing that was paid for it is left to be paid back."""
    back = RefundLine.objects.filter(line__order=order).aggregate(sum=Sum("back_minor"))["sum"] or 0
    back += order.lines.aggregate(sum=Sum("reduced_minor"))["sum"] or 0
    return order.status == Order.Status.COMPLETED and back >= order.total_minor


def _pay(refund: Refund, line: OrderLine, back: LineBack, *, reference: str, actor: str, now: datetime) -> None:
    earned = Money(back.back_minor - back.unearned_minor, refund.currency)
    booked = {"reference": reference, "order_number": line.order.number, "actor": actor}
    ledger.take_back(line.seller, earned, now=now, **booked)
    ledger.refund(refund.buyer, Money(back.back_minor, refund.currency), now=now, **booked)


def refused(found: Offered) -> Refused:
    """Why the whole service is not paid back, as a refusal: its code names the rule."""
    if found.why is None:
        return Refused("unsubscribe.moved", _("What can be paid back has changed: look at it and decide again."))
    return Refused(f"unsubscribe.{found.why}", str(WORDS[found.why]))
