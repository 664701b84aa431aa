"""Repair a drift by the call that corrects the seller's state. Other drift waits for a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Scene

from .cases import locked_subscriptions, purchase_of
from .contract import NoParameters, Orphan
from .drift import Answer, Difference, SellerSide, differences
from .kinds.tell_end import TellEnd
from .market_side import ComparisonData, comparison_data_of
from .models import UNRESOLVED, Drift, Operation
from .operate import OperationRequest, operate, settle
from .reconcile import count_repair, recheck_soon
from .restart import restart

Repair = Drift.Repair


def may_repair(drift: Drift) -> bool:
    """Return whether a page offers the repair. ``drift.operation`` should be fetched."""
    return drift.settled_at is None and drift.repair != Repair.PERSON and not _in_progress(drift)


def _in_progress(drift: Drift) -> bool:
    return drift.operation is not None and drift.operation.status in {"queued", "running"}


def repair(drift: Drift, *, actor: str, now: datetime) -> Operation | None:
    """Start the repair of the present difference and compare the service again soon. Return the operation; None if the
    difference is gone.

    Raises ``Refused`` for drift that needs a person, and during a repair.
    """
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([drift.subscription_id])
        drift = Drift.objects.select_related("operation").get(pk=drift.pk)
        if drift.settled_at is not None:
            return None
        if drift.repair == Repair.PERSON:
            raise Refused("drift.person", _("This difference cannot be repaired by a call. Contact the seller."))
        if _in_progress(drift):
            raise Refused("drift.under_way", _("A repair is in progress. Wait for it to finish."))
        side = comparison_data_of([locked_subscription])[locked_subscription.pk]
        difference = _present_difference(drift, side)
        if difference is None:
            Drift.objects.filter(pk=drift.pk).update(settled_at=now)
            return None
        operation = _start(drift, difference, side, actor=actor, now=now)
        count_repair(drift, operation)
        recheck_soon(locked_subscription, now=now)
    return operation


def _present_difference(drift: Drift, side: ComparisonData) -> Difference | None:
    """Return the present difference; facts known only from the seller are assumed unchanged."""
    answer = Answer.HAS if drift.what == Drift.What.LEFT else Answer.NOT_ASKED
    if drift.what == Drift.What.ACCESS:
        return Difference(what=Drift.What.ACCESS, repair=Repair.TAKE_ACCESS) if side.market.living else None
    present_differences = differences(side.market, SellerSide(answer=answer))
    return next((difference for difference in present_differences if difference.what == drift.what), None)


def _start(
    drift: Drift, difference: Difference, side: ComparisonData, *, actor: str, now: datetime
) -> Operation | None:
    subscription = side.subscription
    match difference.repair:
        case Repair.RESTART:
            stopped_operation = Operation.objects.get(pk=int(str(difference.facts["operation"])))
            return restart(stopped_operation, actor=actor, now=now)
        case Repair.TELL_STATE:
            settle([subscription], now=now)
            kinds = Operation.objects.filter(
                subscription=subscription, kind__in=["freeze", "unfreeze"], status__in=UNRESOLVED
            )
            return kinds.order_by("-pk").first()
        case Repair.TELL_END:
            kind, parameters = "tell_end", _end_to_send(side)
        case Repair.RELEASE:
            kind, parameters = "release_orphan", _orphan(subscription)
        case _:
            kind, parameters = "take_access", NoParameters()
    request = OperationRequest(
        kind=kind, subscription=subscription, wanted=parameters, origin=Operation.Origin.OPERATOR, actor=actor,
        idempotency_key=f"drift/{drift.pk}/{drift.repairs + 1}",
    )  # fmt: skip
    return next(iter(operate([request], now=now)), None)


def _end_to_send(side: ComparisonData) -> object:
    """Return the end to send, with the order that sent another end, or otherwise paid for this one."""
    subscription, sent_end = side.subscription, side.told
    if subscription.expires_at is None:
        raise LookupError("what is told an end has one")
    is_later = sent_end is not None and sent_end.until > subscription.expires_at
    paid_periods = Period.objects.filter(subscription=subscription, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    last_period = paid_periods.order_by("-ends_at", "-pk").first()
    number = (
        sent_end.line
        if sent_end is not None and is_later
        else last_period.line_number
        if last_period
        else subscription.order_line_number
    )
    line = OrderLine.objects.select_related("order", "offer").filter(number=number).first()
    return TellEnd(
        until=subscription.expires_at,
        # An earlier end than before is that of a cancelled renewal (saas-v2 §3.3).
        scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD if is_later else Scene.RENEWAL,
        order_id=number.rpartition("-")[0],
        order_line_id=number,
        purchase=purchase_of(line) if line is not None else None,
    )


def _orphan(subscription: Subscription) -> Orphan:
    """Return the orphan. A release names the order only after an unsubscription or refund (saas-v2 §3.5)."""
    has_failed = subscription.status == Subscription.Status.FAILED
    return Orphan(
        instance_id=subscription.instance_id,
        order_id=subscription.order_line_number.rpartition("-")[0] if has_failed else "",
        order_line_id=subscription.order_line_number if has_failed else "",
    )
