"""What a seller's engineer tries by hand in a sandbox: each act is a real call, and its end changes the subscription.

``come_true`` follows them as it follows those that the market makes by itself: a freeze is a freeze, whoever asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.orders.by_hand import place_by_hand
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import quote
from tradepost.market.product_types.charging import modes_that
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import period_end
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING, renewed_end
from tradepost.protocols.commands import CheckChange, Query, Refresh, Scene, Upgrade
from tradepost.protocols.contract import SellerProtocol

from .acts import Act, done_refreshes, kept_renewals, possible
from .asking import ask, purchase_of, refresh_of, unfreeze_command
from .expiry import first_line, freeze_command, protocol_of, release_command

_CHANGES = frozenset({Act.RENEW, Act.CANCEL_RENEWAL, Act.UPGRADE, Act.RENEW_CHANGED})
"""What needs an order: one at a time."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a change leads to: an offer of the same specification and a quantity."""

    offer: Offer
    quantity: int


def renew(subscription: Subscription, *, actor: str, now: datetime) -> Call:
    """One more period, from the present end on: also in the retention it counts from there (business-rules §4.4)."""
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.RENEW)
        return _refresh(locked, Scene.RENEWAL, Target(locked.offer, locked.quantity), actor=actor, now=now)


def cancel_renewal(subscription: Subscription, *, actor: str, now: datetime) -> Call:
    """The last renewal is taken back: the end of the paid time becomes the one before it (saas-v2 §3.3)."""
    with transaction.atomic():
        locked, _spoken, kept = _begin(subscription, Act.CANCEL_RENEWAL)
        bought = first_line(locked)
        before = (
            kept[-2].expires_at
            if len(kept) > 1
            else period_end(_started(locked), bought.period_type, bought.period_number)
        )
        line = place_by_hand(
            locked,
            Order.Type.UNSUBSCRIBE,
            offer=locked.offer,
            quantity=locked.quantity,
            periods=1,
            actor=actor,
            now=now,
        )
        return ask(refresh_of(locked, line, Scene.UNSUBSCRIBE_RENEWAL_PERIOD, before), locked, now, line)


def freeze(subscription: Subscription, *, now: datetime) -> Call:
    with transaction.atomic():
        locked, spoken, _kept = _begin(subscription, Act.FREEZE)
        return ask(freeze_command(locked, spoken), locked, now)


def unfreeze(subscription: Subscription, *, now: datetime) -> Call:
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.UNFREEZE)
        return ask(unfreeze_command(locked), locked, now)


def query(subscription: Subscription, *, now: datetime) -> Call:
    """What the buyer's service has used, as the seller counts it (saas-v2 §3.2): see ``usage``."""
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.QUERY)
        return calls.ask(
            Query(instance_ids=(locked.instance_id,)),
            product=locked.product,
            subscription=locked,
            order_line_number=locked.order_line_number,
            give_up_at=now,  # somebody waits for the answer, and can ask again
            now=now,
        )


def release(subscription: Subscription, *, now: datetime) -> Call:
    with transaction.atomic():
        locked, spoken, _kept = _begin(subscription, Act.RELEASE)
        if packages_on(locked):
            raise Refused("by_hand.package", _("A package is deducted from this service: release the package first."))
        return ask(release_command(locked, spoken), locked, now)


def upgrade(subscription: Subscription, target: Target, *, actor: str, now: datetime) -> Call:
    """Another SKU of the same specification or a higher quantity, at once; the end of the paid time stays (saas-v2 §8.1)."""
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.UPGRADE)
        _check_target(locked, target)
        if target.offer.period_type != locked.offer.period_type:
            raise _wrong(_("An upgrade keeps the period type. Choose a price of the same period."), "offer")
        if target.offer.pk == locked.offer_id and target.quantity < locked.quantity:
            raise _wrong(_("An upgrade in use only adds. A smaller quantity is possible with a renewal."), "quantity")
        line = place_by_hand(
            locked,
            Order.Type.CHANGE,
            offer=target.offer,
            quantity=target.quantity,
            periods=first_line(locked).period_number,
            actor=actor,
            now=now,
        )
        command = Upgrade(
            instance_id=locked.instance_id,
            order_id=line.order.number,
            order_line_id=line.number,
            purchase=purchase_of(line, expires_at=locked.expires_at),
        )
        return ask(command, locked, now, line)


def renew_changed(subscription: Subscription, target: Target, *, actor: str, now: datetime) -> Call:
    """One more period with another SKU or quantity: the seller is asked first, then told of it (saas-v2 §3.7, §8.1)."""
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.RENEW_CHANGED)
        _check_target(locked, target)
        line = place_by_hand(
            locked,
            Order.Type.RENEW,
            offer=target.offer,
            quantity=target.quantity,
            periods=1,
            actor=actor,
            now=now,
        )
        command = CheckChange(
            instance_id=locked.instance_id,
            product_id=target.offer.product_id,
            sku_code=line.sku_code,
            product_name=line.product_name,
            linear_value=target.quantity if line.linear else None,
        )
        return ask(command, locked, now, line)


def _begin(subscription: Subscription, act: Act) -> tuple[Subscription, SellerProtocol, list[Refresh]]:
    """The subscription, locked, when the act is possible. Raises ``Refused`` otherwise, and in a real market."""
    if not config().sandbox:
        raise Refused("by_hand.real_market", _("This is possible in a sandbox only."), HTTPStatus.NOT_FOUND)
    locked = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("buyer", "product", "offer__sku__spec__product__seller")
        .get(pk=subscription.pk)
    )
    spoken, kept = protocol_of(locked), kept_renewals(done_refreshes([locked]))
    if spoken is None or act not in possible(locked, spoken, kept):
        raise Refused("by_hand.impossible", _("This is not possible in the present state of the service."))
    if Call.objects.filter(subscription=locked).exclude(state=State.ENDED).exists():
        raise Refused("by_hand.under_way", _("An earlier call about this service is still under way."))
    if act in _CHANGES:
        _check_no_open_change(locked)
    return locked, spoken, kept


def _check_no_open_change(subscription: Subscription) -> None:
    orders = open_changes(subscription)
    if any(order.status == Order.Status.UNPAID for order in orders):
        raise Refused(
            "by_hand.unpaid", _("The buyer has ordered a renewal and not paid it yet: pay or cancel it first.")
        )
    if orders:
        raise Refused(
            "by_hand.open_change", _("An earlier change is not done yet: restart its call, or release the service.")
        )


def packages_on(subscription: Subscription) -> bool:
    """Whether something living is deducted from this service, and from no other of the buyer's."""
    same = Subscription.objects.filter(
        buyer=subscription.buyer_id, product=subscription.product_id, offer__usage_unit=subscription.offer.usage_unit
    )
    mode, living = subscription.offer.charging_mode, same.filter(status__in=LIVING)
    needing = modes_that(lambda charging: charging.needs == mode)
    others = living.filter(offer__charging_mode=mode).exclude(pk=subscription.pk)
    return living.filter(offer__charging_mode__in=needing).exists() and not others.exists()


def _check_target(subscription: Subscription, target: Target) -> None:
    offer = target.offer
    if offer.sku.spec_id != subscription.offer.sku.spec_id or not offer.charging.renewable or not offer.on_sale:
        raise _wrong(_("Choose a price by period of the same specification."), "offer")
    quote(offer, quantity=target.quantity, periods=offer.period_numbers[0])
    if offer.pk == subscription.offer_id and target.quantity == subscription.quantity:
        raise _wrong(_("Choose another edition or another quantity."), "offer")


def _wrong(message: str, field: str) -> Refused:
    return Refused("by_hand.target", message, HTTPStatus.BAD_REQUEST, field=field)


def _refresh(subscription: Subscription, scene: Scene, target: Target, *, actor: str, now: datetime) -> Call:
    line = place_by_hand(
        subscription,
        Order.Type.RENEW,
        offer=target.offer,
        quantity=target.quantity,
        periods=1,
        actor=actor,
        now=now,
    )
    until = renewed_end(subscription, line.period_type, line.period_number)
    return ask(refresh_of(subscription, line, scene, until), subscription, now, line)


def _started(subscription: Subscription) -> datetime:
    if subscription.started_at is None:
        raise LookupError("a subscription that is active has a start")
    return subscription.started_at
