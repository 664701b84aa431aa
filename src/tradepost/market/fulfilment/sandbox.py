"""Sandbox acts of a seller's engineer: each is a real operation with real calls."""

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
from tradepost.market.orders.place import price_choice
from tradepost.market.orders.sandbox import place_sandbox_order
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES, renewed_end

from .cases import locked_subscriptions, protocol_of, view_of
from .freezing import add_reason, lift
from .kinds.cancel_renewal import Cancellation
from .kinds.renew import Renewal
from .kinds.upgrade import Change
from .models import OPEN, Operation
from .operate import OperationRequest, operate, settle
from .sandbox_acts import CHANGES, Act, latest_renewals, possible_acts
from .speak import can_freeze


class Target(Struct, frozen=True):
    """Target of a change: an offer of the same specification, and a quantity."""

    offer: Offer
    quantity: int


class SandboxAct(Struct, frozen=True, kw_only=True):
    """An act on a subscription, with its actor and time."""

    subscription: Subscription
    act: Act
    actor: str
    now: datetime
    target: Target | None = None


def start_act(trial: SandboxAct, *, sandbox: bool) -> Operation | None:
    """Start the act; None if nothing needs to be done, for example if another reason keeps a service frozen.

    Raises ``Refused`` if it is not possible now, and in a real market, whose services belong to their buyers.
    """
    if not sandbox:
        raise Refused("sandbox.real_market", _("This action is available only in a sandbox."), HTTPStatus.NOT_FOUND)
    with transaction.atomic():
        subscription = _begin(trial)
        operation = _HANDLERS[trial.act](subscription, trial)
    return Operation.objects.select_related("call").get(pk=operation.pk) if operation else None


def _begin(trial: SandboxAct) -> Subscription:
    """Return the locked subscription if the act is possible."""
    [locked_subscription] = locked_subscriptions([trial.subscription.pk])
    protocol = protocol_of(locked_subscription)
    was_renewed = latest_renewals([locked_subscription]).get(locked_subscription.pk, False)
    reasons = set(
        Freeze.objects.filter(subscription=locked_subscription, lifted_at=None).values_list("reason", flat=True)
    )
    if protocol is None or trial.act not in possible_acts(
        locked_subscription, protocol, renewed=was_renewed, reasons=reasons
    ):
        raise Refused("sandbox.impossible", _("The current state of the service does not allow this action."))
    if Operation.objects.filter(subscription=locked_subscription, status__in=OPEN).exists():
        raise Refused(
            "sandbox.under_way", _("Another operation on this service is in progress. Wait for it to finish.")
        )
    if trial.act in CHANGES:
        _check_no_open_change(locked_subscription)
    return locked_subscription


def _check_no_open_change(subscription: Subscription) -> None:
    orders = open_changes(subscription)
    if any(order.status == Order.Status.UNPAID for order in orders):
        raise Refused("sandbox.unpaid", _("The buyer has an unpaid renewal order. Pay or cancel it first."))
    if orders:
        raise Refused(
            "sandbox.open_change", _("An earlier change is not complete. Restart its call, or release the service.")
        )


def _renew(subscription: Subscription, trial: SandboxAct) -> Operation:
    """Add one period to the present end, also during the retention (business-rules §4.4)."""
    return _prolong("renew", subscription, Target(subscription.offer, subscription.quantity), trial)


def _renew_changed(subscription: Subscription, trial: SandboxAct) -> Operation:
    """Check the target by changeInstanceCheck, then renew with it (saas-v2 §3.3, §3.7)."""
    target = _target(subscription, trial)
    return _prolong("renew_change", subscription, target, trial)


def _prolong(kind: str, subscription: Subscription, target: Target, trial: SandboxAct) -> Operation:
    line = place_sandbox_order(
        subscription, Order.Type.RENEW, offer=target.offer, quantity=target.quantity, periods=1,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    if subscription.expires_at is None:
        raise LookupError("what is renewed has an end")
    renewal = Renewal(
        since=subscription.expires_at, until=renewed_end(subscription, line.period_type, line.period_number)
    )
    return _operate(kind, subscription, trial, wanted=renewal, line=line)


def _cancel_renewal(subscription: Subscription, trial: SandboxAct) -> Operation:
    """Cancel the last renewal; the paid time ends as before (saas-v2 §3.3)."""
    periods = Period.objects.filter(subscription=subscription, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    latest_period = periods.order_by("-starts_at")[:1].get()
    line = place_sandbox_order(
        subscription, Order.Type.UNSUBSCRIBE, offer=subscription.offer, quantity=subscription.quantity, periods=1,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    return _operate(
        "cancel_renewal", subscription, trial, wanted=Cancellation(until=latest_period.starts_at), line=line
    )


def _upgrade(subscription: Subscription, trial: SandboxAct) -> Operation:
    """Change to another SKU of the same specification or a higher quantity at once; the end stays (saas-v2 §8.1)."""
    target = _target(subscription, trial)
    if target.offer.period_type != subscription.offer.period_type:
        raise _invalid(_("An upgrade cannot change the period type. Choose a price of the same period."), "offer")
    if target.offer.pk == subscription.offer_id and target.quantity < subscription.quantity:
        raise _invalid(
            _(
                "A service in use can only be upgraded to a larger quantity. To reduce the quantity, change it when you "
                "renew."
            ),
            "quantity",
        )
    purchase = subscription.order_lines.get(number=subscription.order_line_number)
    line = place_sandbox_order(
        subscription, Order.Type.CHANGE, offer=target.offer, quantity=target.quantity, periods=purchase.period_number,
        actor=trial.actor, now=trial.now,
    )  # fmt: skip
    return _operate("upgrade", subscription, trial, wanted=Change(until=subscription.expires_at), line=line)


def _freeze(subscription: Subscription, trial: SandboxAct) -> Operation | None:
    """Freeze for the first reason that this protocol can send."""
    protocol = protocol_of(subscription)
    if protocol is None:
        raise LookupError("possible() has seen the address")
    view = view_of(subscription, protocol)
    supported_subscriptions = [
        reason for reason in (Freeze.Reason.OPERATOR, Freeze.Reason.EXPIRED) if can_freeze(frozenset({reason}), view)
    ]
    add_reason([subscription], supported_subscriptions[0], actor=trial.actor, now=trial.now)
    return _settled(subscription, trial)


def _unfreeze(subscription: Subscription, trial: SandboxAct) -> Operation | None:
    lift([subscription], Freeze.Reason.OPERATOR, actor=trial.actor, now=trial.now)
    return _settled(subscription, trial)


def _settled(subscription: Subscription, trial: SandboxAct) -> Operation | None:
    """Return the operation that settling starts, if any."""
    operations = Operation.objects.filter(subscription=subscription)
    last_key = operations.aggregate(newest=Max("pk"))["newest"] or 0
    settle([subscription], now=trial.now)
    return operations.filter(pk__gt=last_key).first()


def _query(subscription: Subscription, trial: SandboxAct) -> Operation:
    return _operate("query_usage", subscription, trial)


def _release(subscription: Subscription, trial: SandboxAct) -> Operation:
    if has_own_package(subscription):
        raise Refused("sandbox.package", _("A package covers the usage of this service. Release the package first."))
    return _operate("release", subscription, trial)


_HANDLERS: Mapping[Act, Callable[[Subscription, SandboxAct], Operation | None]] = {
    Act.RENEW: _renew,
    Act.CANCEL_RENEWAL: _cancel_renewal,
    Act.FREEZE: _freeze,
    Act.UNFREEZE: _unfreeze,
    Act.UPGRADE: _upgrade,
    Act.RENEW_CHANGED: _renew_changed,
    Act.QUERY: _query,
    Act.RELEASE: _release,
}


def _operate(kind: str, subscription: Subscription, trial: SandboxAct, **wanted: object) -> Operation:
    request = OperationRequest(
        kind=kind, subscription=subscription, origin=Operation.Origin.SANDBOX, actor=trial.actor, **wanted,  # type: ignore[arg-type]  # wanted, line
    )  # fmt: skip
    [operation] = operate([request], now=trial.now)
    return operation


def has_own_package(subscription: Subscription) -> bool:
    """Return whether a package is deducted from this service and from no other of the buyer."""
    services = Subscription.objects.filter(
        buyer=subscription.buyer_id, product=subscription.product_id, offer__usage_unit=subscription.offer.usage_unit
    )
    mode, living_services = subscription.offer.charging_mode, services.filter(status__in=LIVE_STATUSES)
    needing_modes = modes_with(lambda charging: charging.needs == mode)
    other_services = living_services.filter(offer__charging_mode=mode).exclude(pk=subscription.pk)
    return living_services.filter(offer__charging_mode__in=needing_modes).exists() and not other_services.exists()


def _target(subscription: Subscription, trial: SandboxAct) -> Target:
    target = trial.target
    if target is None:
        raise _invalid(_("Choose a target and a quantity."), "offer")
    offer = target.offer
    if offer.sku.spec_id != subscription.offer.sku.spec_id or not offer.renewable or not offer.on_sale:
        raise _invalid(_("Choose a period price of the same specification."), "offer")
    price_choice(offer, quantity=target.quantity, periods=offer.period_numbers[0])
    if offer.pk == subscription.offer_id and target.quantity == subscription.quantity:
        raise _invalid(_("Choose another edition or another quantity."), "offer")
    return target


def _invalid(message: str, field: str) -> Refused:
    return Refused("sandbox.target", message, HTTPStatus.BAD_REQUEST, field=field)
