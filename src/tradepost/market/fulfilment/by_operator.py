"""Operators' acts on services: freeze, lift the freeze, or end the service (operations.md §3; business-rules §4.4).

A freeze is independent of other reasons: paid time continues, renewals are refused, and only an operator lifts it. The
history stores reason and operator.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.base.money import Money
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .cases import kind_of, locked_subscriptions
from .events import OperatorActed
from .freezing import add_reason
from .freezing import lift as lift_reason
from .models import OPEN, Operation
from .operate import OperationRequest, operate, settle
from .sandbox import has_own_package

MAX_REASON_LENGTH = 500
LIFT, RELEASE = "lift", "release by hand"
"""Events in a subscription's history without a state transition of their own."""
OPERATOR_REASON = Freeze.Reason.OPERATOR


def freeze(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """Freeze the service and notify its seller if the protocol supports it. Buyer and seller read the reason.

    Raises ``Refused`` for a service that is not in use or already frozen by an operator; nothing is changed then.
    """
    text = _checked_reason(reason)
    with transaction.atomic():
        locked_subscription = _active_service(subscription)
        active_freeze = _active_freeze(locked_subscription)
        if active_freeze is not None:
            if (active_freeze.actor, active_freeze.note) == (actor, text):
                return  # a repeated form
            raise Refused("service.frozen", _("An operator has already frozen this service. Lift that freeze first."))
        add_reason([locked_subscription], OPERATOR_REASON, actor=actor, note=text, now=now)
        settle([locked_subscription], now=now)
        _publish(locked_subscription, "freeze", text, now)


def lift(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """Lift the operator's freeze; the service is usable unless another reason remains. Raises ``Refused`` without such
    a freeze."""
    text = _checked_reason(reason)
    with transaction.atomic():
        locked_subscription = _active_service(subscription)
        if _active_freeze(locked_subscription) is None:
            raise Refused("service.not_frozen", _("No operator has frozen this service."))
        record_move(
            locked_subscription, SUBSCRIPTION.name, LIFT, before=OPERATOR_REASON, now=now, actor=actor, note=text
        )
        lift_reason([locked_subscription], OPERATOR_REASON, actor=actor, now=now)
        settle([locked_subscription], now=now)
        _publish(locked_subscription, "lift", text, now)


def release(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """End the service; the seller is asked to delete it. Future paid periods are refunded, begun ones are not.

    Raises ``Refused`` for a service that is not in use; nothing is changed then.
    """
    text = _checked_reason(reason)
    with transaction.atomic():
        locked_subscription = _active_service(subscription)
        if has_own_package(locked_subscription):
            raise Refused(
                "service.package", _("A usage package covers the usage of this service. Release the package first.")
            )
        queued_operations = Operation.objects.filter(
            subscription=locked_subscription, status__in=OPEN, origin=Operation.Origin.OPERATOR
        )
        if any(kind_of(operation).ends for operation in queued_operations):
            return  # a repeated form
        refund = release_refund(locked_subscription, now=now)
        record_move(locked_subscription, SUBSCRIPTION.name, RELEASE, now=now, actor=actor, note=text)
        request = OperationRequest(
            kind="release", subscription=locked_subscription, origin=Operation.Origin.OPERATOR, actor=actor
        )
        operate([request], now=now)
        _publish(locked_subscription, "release", text, now, back_minor=refund.minor)


def _publish(subscription: Subscription, act: str, reason: str, now: datetime, *, back_minor: int = 0) -> None:
    outbox.publish(
        OperatorActed(subscription=subscription.pk, act=act, reason=reason, at=now, back_minor=back_minor), now=now
    )  # fmt: skip


def possible_acts(subscription: Subscription, reasons: Collection[str]) -> frozenset[str]:
    """Return the acts that a page offers. ``reasons``: reasons of the present freeze."""
    if subscription.status not in LIVE_STATUSES:
        return frozenset()
    return frozenset({"lift" if OPERATOR_REASON in reasons else "freeze", "release"})


def release_refund(subscription: Subscription, *, now: datetime) -> Money:
    """Return the refund of a release now: future paid periods and changes in progress."""
    future = Period.objects.filter(subscription=subscription, cancelled_at=None, earned_at=None, starts_at__gt=now)
    minor = sum(future.values_list("paid_minor", flat=True))
    minor += sum(
        open_change.total_minor
        for open_change in open_changes(subscription)
        if open_change.status == Order.Status.PROCESSING
    )
    return Money(minor, subscription.offer.currency)


def _checked_reason(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise Refused("service.reason", _("Enter the reason."), HTTPStatus.BAD_REQUEST, field="reason")
    if len(text) > MAX_REASON_LENGTH:
        message = _("At most %(most)s characters.") % {"most": MAX_REASON_LENGTH}
        raise Refused("service.reason", message, HTTPStatus.BAD_REQUEST, field="reason")
    return text


def _active_service(subscription: Subscription) -> Subscription:
    [locked_subscription] = locked_subscriptions([subscription.pk])
    if locked_subscription.status not in LIVE_STATUSES:
        raise Refused("service.not_in_use", _("This service is not in use: it is being opened, or it has ended."))
    return locked_subscription


def _active_freeze(subscription: Subscription) -> Freeze | None:
    return Freeze.objects.filter(subscription=subscription, reason=OPERATOR_REASON, lifted_at=None).first()
