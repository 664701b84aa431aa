"""Repair a drift: exactly the call that makes the seller say what the market says. What no call repairs waits for a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Scene

from .cases import locked_subscriptions, purchase_of
from .contract import Nothing, Orphan
from .drift import Answer, Found, SellerSide, differences
from .kinds.tell_end import TellEnd
from .market_side import Side, sides_of
from .models import UNRESOLVED, Drift, Operation
from .operate import OperationRequest, operate, settle
from .reconcile import counted, start_again
from .restart import restart

Repair = Drift.Repair


def may_repair(drift: Drift) -> bool:
    """Whether a page offers it. ``drift.operation`` should be fetched."""
    return drift.settled_at is None and drift.repair != Repair.PERSON and not _under_way(drift)


def _under_way(drift: Drift) -> bool:
    return drift.operation is not None and drift.operation.status in {"queued", "running"}


def repair(drift: Drift, *, actor: str, now: datetime) -> Operation | None:
    """Ask the seller for it, as it stands now, and compare the service again soon. Gives the operation, None where the
    difference was gone already. Raises ``Refused`` for what a person must see to, and while a repair is under way."""
    with transaction.atomic():
        [held] = locked_subscriptions([drift.subscription_id])
        drift = Drift.objects.select_related("operation").get(pk=drift.pk)
        if drift.settled_at is not None:
            return None
        if drift.repair == Repair.PERSON:
            raise Refused("drift.person", _("No call repairs this: talk to the seller."))
        if _under_way(drift):
            raise Refused("drift.under_way", _("A repair is under way: wait for its end."))
        side = sides_of([held])[held.pk]
        found = _still(drift, side)
        if found is None:
            Drift.objects.filter(pk=drift.pk).update(settled_at=now)
            return None
        operation = _do(drift, found, side, actor=actor, now=now)
        counted(drift, operation)
        start_again(held, now=now)
    return operation


def _still(drift: Drift, side: Side) -> Found | None:
    """The difference as it would be found now; what only the seller's answer tells counts as it was heard."""
    heard = Answer.HAS if drift.what == Drift.What.LEFT else Answer.NOT_ASKED
    if drift.what == Drift.What.ACCESS:
        return Found(what=Drift.What.ACCESS, repair=Repair.TAKE_ACCESS) if side.market.living else None
    found = differences(side.market, SellerSide(answer=heard))
    return next((one for one in found if one.what == drift.what), None)


def _do(drift: Drift, found: Found, side: Side, *, actor: str, now: datetime) -> Operation | None:
    held = side.subscription
    match found.repair:
        case Repair.RESTART:
            stopped = Operation.objects.get(pk=int(str(found.facts["operation"])))
            return restart(stopped, actor=actor, now=now)
        case Repair.TELL_STATE:
            settle([held], now=now)
            kinds = Operation.objects.filter(subscription=held, kind__in=["freeze", "unfreeze"], status__in=UNRESOLVED)
            return kinds.order_by("-pk").first()
        case Repair.TELL_END:
            kind, wanted = "tell_end", _end_to_tell(side)
        case Repair.RELEASE:
            kind, wanted = "release_orphan", _orphan(held)
        case _:
            kind, wanted = "take_access", Nothing()
    request = OperationRequest(
        kind=kind, subscription=held, wanted=wanted, origin=Operation.Origin.OPERATOR, actor=actor,
        idempotency_key=f"drift/{drift.pk}/{drift.repairs + 1}",
    )  # fmt: skip
    return next(iter(operate([request], now=now)), None)


def _end_to_tell(side: Side) -> object:
    """The market's end, under the order of what told the seller another one, or else of what paid for this end."""
    held, told = side.subscription, side.told
    if held.expires_at is None:
        raise LookupError("what is told an end has one")
    later = told is not None and told.until > held.expires_at
    paid = Period.objects.filter(subscription=held, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    last = paid.order_by("-ends_at", "-pk").first()
    number = told.line if told is not None and later else last.line_number if last else held.order_line_number
    line = OrderLine.objects.select_related("order", "offer").filter(number=number).first()
    return TellEnd(
        until=held.expires_at,
        # An end that comes earlier than the one before is that of a renewal that was taken back (saas-v2 §3.3).
        scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD if later else Scene.RENEWAL,
        order_id=number.rpartition("-")[0],
        order_line_id=number,
        purchase=purchase_of(line) if line is not None else None,
    )


def _orphan(held: Subscription) -> Orphan:
    """A release names the order only where an unsubscription or a refund caused it (saas-v2 §3.5)."""
    failed = held.status == Subscription.Status.FAILED
    return Orphan(
        instance_id=held.instance_id,
        order_id=held.order_line_number.rpartition("-")[0] if failed else "",
        order_line_id=held.order_line_number if failed else "",
    )
