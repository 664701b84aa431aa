"""Store an unsubscription: its order, the refunded lines and the transfers (business-rules §4.7, operations.md §4).

An order of type UNSUBSCRIBE costs nothing; its ``Refund`` holds the amounts. The money is returned on request or
approval, before the seller deletes the service. Callers hold the lock of the subscription.
``fulfilment/unsubscribe.py`` notifies the seller.
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
from tradepost.market.product_types.contract import RefundRight
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .changes import open_changes
from .events import RefundPaid
from .finish import give_up_order
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import store_line
from .pricing import PricedChoice
from .refund_lifecycle import REFUND, RefundEvent
from .refund_models import OPEN_REFUNDS, Refund, RefundLine
from .refund_terms import (
    PaidPart,
    RefundableLine,
    RefundableService,
    RefundOptions,
    RefundRules,
    RefundTerms,
    RefusalReason,
    calendar_year,
    refund_options,
)
from .refund_words import REASON_TEXTS

UNSUBSCRIBED_EARLY = gettext_noop("The buyer unsubscribed before the seller completed the operation.")


_COUNTED_RETURNS = frozenset({RefundRight.NO_REASON, RefundRight.UNUSED})
"""Full refunds of these kinds count toward the yearly limit."""


def possible_refunds(
    subscription: Subscription, rules: RefundRules, *, now: datetime, stalled: Collection[int] = ()
) -> RefundOptions:
    """Return the possible refunds now. ``subscription.product`` and ``.offer`` should be fetched."""
    return refund_options(refundable_service(subscription, now=now, stalled=stalled), rules, now=now)


def refundable_service(
    subscription: Subscription, *, now: datetime, stalled: Collection[int] = ()
) -> RefundableService:
    """Read the service for the refund rules in a fixed number of queries. ``stalled``: keys of paid orders that stopped
    at the seller."""
    charging_terms = subscription.offer.charging
    kind = product_type(subscription.product.product_type)
    returns = kind.returns.get(charging_terms.mode, RefundRight.NEVER)
    if kind.flow_if_wanted and _is_delivery_accepted(subscription):
        returns = RefundRight.NEVER
    open_refunds = Refund.objects.filter(subscription=subscription, status__in=OPEN_REFUNDS)
    processing = [
        open_change for open_change in open_changes(subscription) if open_change.status == Order.Status.PROCESSING
    ]
    stalled_minors = [order.total_minor for order in processing if order.pk in stalled]
    paid_types = {order.order_type for order in processing if order.pk not in stalled}
    return RefundableService(
        opened=subscription.status != Subscription.Status.OPENING,
        living=subscription.status in LIVE_STATUSES,
        charging=charging_terms,
        returns=returns,
        expires_at=subscription.expires_at,
        currency=subscription.offer.currency,
        parts=tuple(_paid_parts(subscription)),
        under_way=bool(paid_types - {Order.Type.UNSUBSCRIBE}),
        stalled_minor=sum(stalled_minors) if stalled_minors else None,
        telling=Order.Type.UNSUBSCRIBE in paid_types,
        asked=open_refunds.exists(),
        on_server=charging_terms.postpaid and runs_in_cloud(subscription.product.product_type),
        bound=subscription.bound,
        no_reason_used=_count_refunds_without_reason(subscription.buyer_id, now=now)
        if returns in _COUNTED_RETURNS
        else 0,
    )


def _is_delivery_accepted(subscription: Subscription) -> bool:
    """Return whether the buyer accepted the delivery, which rules out refunds (business-rules §4.7)."""
    return OrderLine.objects.filter(number=subscription.order_line_number).exclude(flow="").exists()


def _paid_parts(subscription: Subscription) -> list[PaidPart]:
    valid = Period.objects.select_related("offer").filter(subscription=subscription, cancelled_at=None)
    periods = list(valid.order_by("starts_at", "pk"))
    changing_lines = _changing_lines(subscription) if len(periods) > 1 else frozenset()
    invoiced_lines = _invoiced({period.line_number for period in periods})
    if periods:
        return [
            PaidPart(
                key=period.pk,
                line=period.line_number,
                paid_minor=period.paid_minor,
                starts_at=period.starts_at,
                ends_at=period.ends_at,
                trial=period.offer.trial,
                change=period.kind == Period.Kind.CHANGE,
                earned=period.earned_at is not None,
                invoiced=period.line_number in invoiced_lines,
                other=period.line_number in changing_lines,
            )
            for period in periods
        ]
    purchase = OrderLine.objects.filter(number=subscription.order_line_number, status=Order.Status.COMPLETED).first()
    if purchase is None or subscription.started_at is None:
        return []
    return [
        PaidPart(
            key=0,
            line=purchase.number,
            paid_minor=purchase.amount_minor - purchase.reduced_minor,
            starts_at=subscription.started_at,
            invoiced=purchase.invoiced_minor > 0,
        )
    ]


def _invoiced(numbers: Collection[str]) -> frozenset[str]:
    """Return the lines with an invoice."""
    return frozenset(
        OrderLine.objects.filter(number__in=numbers, invoiced_minor__gt=0).values_list("number", flat=True)
    )


CHANGING_TYPES = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW)
"""Order types that can change the edition or quantity as well as the end."""


def _changing_lines(subscription: Subscription) -> frozenset[str]:
    """Return the lines of such orders that changed the edition or quantity."""
    completed_lines = OrderLine.objects.filter(subscription=subscription, status=Order.Status.COMPLETED)
    order_lines = completed_lines.exclude(order__order_type=Order.Type.UNSUBSCRIBE).order_by("pk")
    lines = list(order_lines.values_list("number", "order__order_type", "offer__sku", "quantity"))
    return frozenset(
        number
        for (number, order_type, *current), (_number, _type, *previous) in zip(lines[1:], lines, strict=False)
        if order_type in CHANGING_TYPES and current != previous
    )


def _count_refunds_without_reason(buyer: int, *, now: datetime, excluded: int = 0) -> int:
    """Count refunds without a reason in the present calendar year, except the one with key ``excluded``."""
    begins, ends = calendar_year(now, timezone.get_default_timezone())
    refunds = Refund.objects.filter(
        buyer=buyer, kind=Refund.Kind.NO_REASON, requested_at__gte=begins, requested_at__lt=ends
    )
    return refunds.exclude(pk=excluded).count()


# --- write ---


def place_order(
    subscription: Subscription,
    *,
    purchase_line: OrderLine,
    refundable: Money,
    actor: str,
    idempotency_key: str = "",
    now: datetime,
) -> OrderLine:
    """Store the paid UNSUBSCRIBE order with its line. ``purchase_line``: the line of the purchase that ends."""
    order = Order.objects.create(
        number=ids.order_number(now),
        order_type=Order.Type.UNSUBSCRIBE,
        buyer=subscription.buyer,
        total_minor=0,
        currency=refundable.currency,
        placed_at=now,
        pay_before=now,
        paid_at=now,
        idempotency_key=idempotency_key,
    )
    zero = Money(0, refundable.currency)
    price = PricedChoice(zero, purchase_line.quantity, purchase_line.period_number, zero)
    line = store_line(
        order, purchase_line.offer, price, subscription=subscription, list_minor=refundable.minor, now=now
    )
    ORDER.move(order, OrderEvent.PAY, now=now, actor=actor)
    return line


def begin_refund(
    subscription: Subscription, terms: RefundTerms, line: OrderLine, *, actor: str, now: datetime
) -> Refund:
    """Store a refund that needs no consent."""
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
    store_lines(refund, terms.lines)
    return refund


def store_lines(refund: Refund, backs: Sequence[RefundableLine]) -> None:
    lines = dict(
        OrderLine.objects.filter(number__in=[line_refund.line for line_refund in backs]).values_list("number", "pk")
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line_id=lines[b.line], paid_minor=b.paid_minor, back_minor=b.back_minor)
        for b in backs
    )


def cancel_periods(subscription: Subscription, periods: Collection[int], *, now: datetime) -> None:
    """Cancel these periods (by key) before they begin. The paid time, offer and quantity return to those of the
    remaining periods."""
    if not periods:
        return
    Period.objects.filter(pk__in=periods).update(cancelled_at=now)
    remaining = Period.objects.filter(subscription=subscription, cancelled_at=None)
    last_period, latest_period = remaining.order_by("-ends_at").first(), remaining.order_by("-pk").first()
    if last_period is None or latest_period is None:
        raise LookupError("a period that has begun is never taken back")
    subscription.expires_at = last_period.ends_at
    subscription.offer_id, subscription.quantity = latest_period.offer_id, latest_period.quantity
    subscription.save(update_fields=["expires_at", "offer", "quantity"])


def _cancel_refunded_periods(subscription: Subscription, orders: Collection[Order], *, now: datetime) -> None:
    """Cancel all refunded periods, begun or not, and move the end of the service to that of the remaining periods, if
    any."""
    lines = OrderLine.objects.filter(order__in=orders).values("number")
    periods = Period.objects.filter(subscription=subscription, cancelled_at=None)
    if not periods.filter(line_number__in=lines).update(cancelled_at=now):
        return
    end = periods.aggregate(end=Max("ends_at"))["end"]
    if end is not None:
        subscription.expires_at = end
        subscription.save(update_fields=["expires_at"])


def pay(
    refund: Refund,
    backs: Sequence[RefundableLine],
    *,
    rules: RefundRules,
    actor: str,
    now: datetime,
    given_up: Collection[int] = (),
) -> None:
    """Pay the refund: debit the seller's earnings first, then return the held money.

    Locks the orders, their reservations, then the buyer's account, under which refunds without a reason are counted.
    ``given_up``: keys of orders that stopped at the seller and are refunded in addition.

    Raises ``Refused`` if the yearly limit is reached or an invoice covers the payment (§6.2); the caller's transaction
    then rolls back.
    """
    lines = {
        line.number: line
        for line in OrderLine.objects.select_related("order", "seller").filter(number__in=[b.line for b in backs])
    }
    order_keys = {line.order_id for line in lines.values()} | set(given_up)
    orders = list(Order.objects.select_for_update(of=("self",)).filter(pk__in=order_keys).order_by("pk"))
    if _invoiced(
        [line_refund.line for line_refund in backs if line_refund.back_minor]
    ):  # under the locks that an invoice application takes too
        raise refusal_of(RefundOptions(why=RefusalReason.INVOICED))
    refunded_orders = [order for order in orders if _is_fully_refunded(order)]
    _cancel_refunded_periods(refund.subscription, refunded_orders, now=now)
    ORDER.move_all(refunded_orders, OrderEvent.REFUND, now=now, actor=actor)
    for order in orders:
        if order.pk in given_up:
            give_up_order(order, now=now, reason=UNSUBSCRIBED_EARLY, actor=actor)
    ledger.lock_buyer(refund.buyer, refund.currency)
    if refund.kind == Refund.Kind.NO_REASON:
        used_count = _count_refunds_without_reason(refund.buyer_id, now=now, excluded=refund.pk)
        if used_count >= rules.no_reason_per_year:
            raise refusal_of(RefundOptions(why=RefusalReason.TOO_OFTEN))
    number = refund.order.number if refund.order else ""
    for line_refund in backs:
        line = lines[line_refund.line]
        _pay(refund, line, line_refund, reference=f"{number}/{line.number}", actor=actor, now=now)
    REFUND.move_all([refund], RefundEvent.PAY, now=now, actor=actor, ended_at=now)
    outbox.publish(RefundPaid(refund=refund.pk), now=now)


def _is_fully_refunded(order: Order) -> bool:
    """Return whether the order is completed and fully refunded."""
    refunded_minor = RefundLine.objects.filter(line__order=order).aggregate(sum=Sum("back_minor"))["sum"] or 0
    refunded_minor += order.lines.aggregate(sum=Sum("reduced_minor"))["sum"] or 0
    return order.status == Order.Status.COMPLETED and refunded_minor >= order.total_minor


def _pay(
    refund: Refund, line: OrderLine, line_refund: RefundableLine, *, reference: str, actor: str, now: datetime
) -> None:
    earned_amount = Money(line_refund.back_minor - line_refund.unearned_minor, refund.currency)
    booking = {"reference": reference, "order_number": line.order.number, "actor": actor}
    ledger.reverse_earning(line.seller, earned_amount, now=now, **booking)
    ledger.refund(refund.buyer, Money(line_refund.back_minor, refund.currency), now=now, **booking)


def refusal_of(options: RefundOptions) -> Refused:
    """Return the reason why the whole service cannot be refunded, as a ``Refused`` with the rule's code."""
    if options.why is None:
        return Refused("unsubscribe.moved", _("The refundable part has changed. Check it and confirm again."))
    return Refused(f"unsubscribe.{options.why}", str(REASON_TEXTS[options.why]))
