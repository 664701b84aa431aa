"""What an operator does to a service by hand: freezes it, lifts that, ends it (operations.md §3; business-rules §4.4).

A freeze is a reason that stands beside others: paid time runs on, nobody renews it meanwhile, and nothing but its own lift
ends it. Each act says why and who, in the history of the service.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved
from tradepost.market.base.money import Money
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .cases import kind_of, locked_subscriptions
from .events import OperatorActed
from .freezing import add_reason
from .freezing import lift as lift_reason
from .models import OPEN, Operation
from .operate import OperationRequest, operate, settle
from .sandbox import packages_on

LONGEST_REASON = 500
LIFT, RELEASE = "lift", "release by hand"
"""Events in the history of a subscription that are no moves of their own."""
BY_HAND = Freeze.Reason.OPERATOR


def freeze(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """Nobody enters it from now on, and its seller is told where the protocol has a word for that. The buyer and the seller
    read the reason. Raises ``Refused`` for what is not in use, or is frozen by hand already; nothing changes then."""
    said = _checked(reason)
    with transaction.atomic():
        held = _living(subscription)
        standing = _standing(held)
        if standing is not None:
            if (standing.actor, standing.note) == (actor, said):
                return  # the same form, sent twice
            raise Refused("service.frozen", _("An operator has frozen this service already: lift that first."))
        add_reason([held], BY_HAND, actor=actor, note=said, now=now)
        settle([held], now=now)
        _tell(held, "freeze", said, now)


def lift(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """That reason stands no more; it can be used again unless another one does. Raises ``Refused`` where none stands."""
    said = _checked(reason)
    with transaction.atomic():
        held = _living(subscription)
        if _standing(held) is None:
            raise Refused("service.not_frozen", _("No operator has frozen this service."))
        moved(held, SUBSCRIPTION.name, LIFT, before=BY_HAND, now=now, actor=actor, note=said)
        lift_reason([held], BY_HAND, actor=actor, now=now)
        settle([held], now=now)
        _tell(held, "lift", said, now)


def release(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """The service ends for good, and its seller is asked to delete it with its data. Paid time that has not begun is paid
    back, what has begun is not. Raises ``Refused`` for what is not in use any more; nothing changes then."""
    said = _checked(reason)
    with transaction.atomic():
        held = _living(subscription)
        if packages_on(held):
            raise Refused(
                "service.package", _("A package of usage is deducted from this service: release the package first.")
            )
        queued = Operation.objects.filter(subscription=held, status__in=OPEN, origin=Operation.Origin.OPERATOR)
        if any(kind_of(one).ends for one in queued):
            return  # the same form, sent twice
        back = paid_back_by_release(held, now=now)
        moved(held, SUBSCRIPTION.name, RELEASE, now=now, actor=actor, note=said)
        request = OperationRequest(kind="release", subscription=held, origin=Operation.Origin.OPERATOR, actor=actor)
        operate([request], now=now)
        _tell(held, "release", said, now, back_minor=back.minor)


def _tell(held: Subscription, act: str, reason: str, now: datetime, *, back_minor: int = 0) -> None:
    outbox.publish(
        OperatorActed(subscription=held.pk, act=act, reason=reason, at=now, back_minor=back_minor), now=now
    )  # fmt: skip


def possible(subscription: Subscription, reasons: Collection[str]) -> frozenset[str]:
    """Which of the acts a page offers. ``reasons``: for which it is frozen."""
    if subscription.status not in LIVING:
        return frozenset()
    return frozenset({"lift" if BY_HAND in reasons else "freeze", "release"})


def paid_back_by_release(subscription: Subscription, *, now: datetime) -> Money:
    """What its buyer has back when it is released now: paid time that has not begun, and what was paid for changes that
    are under way."""
    ahead = Period.objects.filter(subscription=subscription, cancelled_at=None, earned_at=None, starts_at__gt=now)
    minor = sum(ahead.values_list("paid_minor", flat=True))
    minor += sum(one.total_minor for one in open_changes(subscription) if one.status == Order.Status.PROCESSING)
    return Money(minor, subscription.offer.currency)


def _checked(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise Refused("service.reason", _("Say why."), HTTPStatus.BAD_REQUEST, field="reason")
    if len(said) > LONGEST_REASON:
        words = _("At most %(most)s characters.") % {"most": LONGEST_REASON}
        raise Refused("service.reason", words, HTTPStatus.BAD_REQUEST, field="reason")
    return said


def _living(subscription: Subscription) -> Subscription:
    [held] = locked_subscriptions([subscription.pk])
    if held.status not in LIVING:
        raise Refused("service.not_in_use", _("This service is not in use: it is being opened, or it has ended."))
    return held


def _standing(held: Subscription) -> Freeze | None:
    return Freeze.objects.filter(subscription=held, reason=BY_HAND, lifted_at=None).first()
