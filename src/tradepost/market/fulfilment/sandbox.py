"""What a seller's engineer tries out in a sandbox: each act is a real operation with real calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import quote
from tradepost.market.orders.sandbox import place_sandbox_order
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVING, renewed_end

from .cases import held_of, locked_subscriptions, protocol_of
from .freezing import add_reason, lift
from .kinds.cancel_renewal import Cancellation
from .kinds.renew import Renewal
from .kinds.upgrade import Change
from .models import OPEN, Operation
from .operate import OperationRequest, operate, settle
from .sandbox_acts import CHANGES, Act, latest_renewals, possible
from .speak import can_freeze


class Target(Struct, frozen=True):
    """What a change leads to: an offer of the same specification and a quantity."""

    offer: Offer
    quantity: int


class Trial(Struct, frozen=True, kw_only=True):
    """Who tries what on which subscription, and when."""

    subscription: Subscription
    act: Act
    actor: str
    now: datetime
    target: Target | None = None


def try_out(trial: Trial, *, sandbox: bool) -> Operation | None:
    """Begin it; None when nothing need be done, as when another reason keeps a service frozen. Raises ``Refused`` when it is not possible now, and in a real market, whose services belong to their
    buyers."""
    if not sandbox:
        raise Refused("sandbox.real_market", _("This is possible in a sandbox only."), HTTPStatus.NOT_FOUND)
    with transaction.atomic():
        subscription = _begin(trial)
        operation = _DO[trial.act](subscription, trial)
    return Operation.objects.select_related("call").get(pk=operation.pk) if operation else None


def _begin(trial: Trial) -> Subscription:
    """The subscription, locked, when the act is possible."""
    [locked] = locked_subscriptions([trial.subscription.pk])
    spoken = protocol_of(locked)
    renewed = latest_renewals([locked]).get(locked.pk, False)
    reasons = set(Freeze.objects.filter(subscription=locked, lifted_at=None).values_list("reason", flat=True))
    if spoken is None or trial.act not in possible(locked, spoken, renewed=renewed, reasons=reasons):
        raise Refused("sandbox.impossible", _("This is not possible in the present state of the service."))
    if Operation.objects.filter(subscription=locked, status__in=OPEN).exists():
        raise Refused("sandbox.under_way", _("Something else is being done to this service: wait for its end."))
    if trial.act in CHANGES:
        _check_no_open_change(locked)
    return locked


def _check_no_open_change(subscription: Subscription) -> None:
    orders = open_changes(subscription)
    if any(order.status == Order.Status.UNPAID for order in orders):
        raise Refused(
            "sandbox.unpaid", _("The buyer has ordered a renewal and not paid it yet: pay or cancel it first.")
        )
    if orders:
        raise Refused(
            "sandbox.open_change", _("An earlier change is not done yet: restart its call, or release the service.")
        )


def _renew(subscription: Subscription, trial: Trial) -> Operation:
    """One more period, from the present end on: also in the retention it counts from there (business-rules §4.4)."""
    return _prolong("renew", subscription, Target(subscription.offer, subscription.quantity), trial)


def _renew_changed(subscription: Subscription, trial: Trial) -> Operation:
    """The target first in changeInstanceCheck, then a renewal with it: more or less of it (saas-v2 §3.3, §3.7)."""
    target = _target(subscription, trial)
    return _prolong("renew_change", subscription, target, trial)


def _prolong(kind: str, subscription: Subscription, target: Target, trial: Trial) -> Operation:
    line = place_sandbox_order(
        subscription, Order.Type.RENEW, offer=target.offer, quantity=target.quantity, periods=1,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    if subscription.expires_at is None:
        raise LookupError("what is renewed has an end")
    wanted = Renewal(
        since=subscription.expires_at, until=renewed_end(subscription, line.period_type, line.period_number)
    )
    return _operate(kind, subscription, trial, wanted=wanted, line=line)


def _cancel_renewal(subscription: Subscription, trial: Trial) -> Operation:
    """The last renewal is taken back: the end of the paid time becomes the one before it (saas-v2 §3.3)."""
    standing = Period.objects.filter(subscription=subscription, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    latest = standing.order_by("-starts_at")[:1].get()
    line = place_sandbox_order(
        subscription, Order.Type.UNSUBSCRIBE, offer=subscription.offer, quantity=subscription.quantity, periods=1,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    return _operate("cancel_renewal", subscription, trial, wanted=Cancellation(until=latest.starts_at), line=line)


def _upgrade(subscription: Subscription, trial: Trial) -> Operation:
    """Another SKU of the same specification or a higher quantity, at once; the end of the paid time stays (saas-v2 §8.1)."""
    target = _target(subscription, trial)
    if target.offer.period_type != subscription.offer.period_type:
        raise _wrong(_("An upgrade keeps the period type. Choose a price of the same period."), "offer")
    if target.offer.pk == subscription.offer_id and target.quantity < subscription.quantity:
        raise _wrong(_("An upgrade in use only adds. A smaller quantity is possible with a renewal."), "quantity")
    bought = subscription.order_lines.get(number=subscription.order_line_number)
    line = place_sandbox_order(
        subscription, Order.Type.CHANGE, offer=target.offer, quantity=target.quantity, periods=bought.period_number,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    return _operate("upgrade", subscription, trial, wanted=Change(until=subscription.expires_at), line=line)


def _freeze(subscription: Subscription, trial: Trial) -> Operation | None:
    """For the first reason of which this protocol can tell the seller."""
    spoken = protocol_of(subscription)
    if spoken is None:
        raise LookupError("possible() has seen the address")
    held = held_of(subscription, spoken)
    told = [
        reason for reason in (Freeze.Reason.OPERATOR, Freeze.Reason.EXPIRED) if can_freeze(frozenset({reason}), held)
    ]
    add_reason([subscription], told[0], actor=trial.actor, now=trial.now)
    return _settled(subscription, trial)


def _unfreeze(subscription: Subscription, trial: Trial) -> Operation | None:
    lift([subscription], Freeze.Reason.OPERATOR, actor=trial.actor, now=trial.now)
    return _settled(subscription, trial)


def _settled(subscription: Subscription, trial: Trial) -> Operation | None:
    """What settling begins, if anything."""
    own = Operation.objects.filter(subscription=subscription)
    before = own.aggregate(newest=Max("pk"))["newest"] or 0
    settle([subscription], now=trial.now)
    return own.filter(pk__gt=before).first()


def _query(subscription: Subscription, trial: Trial) -> Operation:
    return _operate("query_usage", subscription, trial)


def _release(subscription: Subscription, trial: Trial) -> Operation:
    if packages_on(subscription):
        raise Refused("sandbox.package", _("A package is deducted from this service: release the package first."))
    return _operate("release", subscription, trial)


_DO: Mapping[Act, Callable[[Subscription, Trial], Operation | None]] = {
    Act.RENEW: _renew,
    Act.CANCEL_RENEWAL: _cancel_renewal,
    Act.FREEZE: _freeze,
    Act.UNFREEZE: _unfreeze,
    Act.UPGRADE: _upgrade,
    Act.RENEW_CHANGED: _renew_changed,
    Act.QUERY: _query,
    Act.RELEASE: _release,
}


def _operate(kind: str, subscription: Subscription, trial: Trial, **wanted: object) -> Operation:
    request = OperationRequest(
        kind=kind, subscription=subscription, origin=Operation.Origin.SANDBOX, actor=trial.actor, **wanted,  # type: ignore[arg-type]  # wanted, line
    )  # fmt: skip
    [operation] = operate([request], now=trial.now)
    return operation


def packages_on(subscription: Subscription) -> bool:
    """Whether something living is deducted from this service, and from no other of the buyer's."""
    same = Subscription.objects.filter(
        buyer=subscription.buyer_id, product=subscription.product_id, offer__usage_unit=subscription.offer.usage_unit
    )
    mode, living = subscription.offer.charging_mode, same.filter(status__in=LIVING)
    needing = modes_that(lambda charging: charging.needs == mode)
    others = living.filter(offer__charging_mode=mode).exclude(pk=subscription.pk)
    return living.filter(offer__charging_mode__in=needing).exists() and not others.exists()


def _target(subscription: Subscription, trial: Trial) -> Target:
    target = trial.target
    if target is None:
        raise _wrong(_("Choose what to change to, and a quantity."), "offer")
    offer = target.offer
    if offer.sku.spec_id != subscription.offer.sku.spec_id or not offer.renewable or not offer.on_sale:
        raise _wrong(_("Choose a price by period of the same specification."), "offer")
    quote(offer, quantity=target.quantity, periods=offer.period_numbers[0])
    if offer.pk == subscription.offer_id and target.quantity == subscription.quantity:
        raise _wrong(_("Choose another edition or another quantity."), "offer")
    return target


def _wrong(message: str, field: str) -> Refused:
    return Refused("sandbox.target", message, HTTPStatus.BAD_REQUEST, field=field)
