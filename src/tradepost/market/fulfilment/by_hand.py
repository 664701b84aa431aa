"""What a seller's engineer tries by hand in a sandbox: each act is a real call, and its end changes the subscription.

The same reaction follows the calls that the market makes by itself when a period ends: a freeze is a freeze, whoever
asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import Facts, together
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.orders.by_hand import end_by_hand, open_changes, place_by_hand
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.place import quote
from tradepost.market.orders.pricing import price
from tradepost.market.product_types.charging import modes_that
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, period_end
from tradepost.market.subscriptions.lifecycle import E as SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import (
    ChargingMode,
    CheckChange,
    Command,
    Expire,
    InstanceStatus,
    Purchase,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import SellerProtocol

from .acts import Act, done_refreshes, kept_renewals, possible
from .expiry import LIVING, first_line, freeze_command, release_command, spoken_for, watch

_FOLLOWED = frozenset(kind.__name__ for kind in (Refresh, SetStatus, Expire, Release, Upgrade, CheckChange))

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
        return _ask(_refresh_of(locked, line, Scene.UNSUBSCRIBE_RENEWAL_PERIOD, before), locked, now, line)


def freeze(subscription: Subscription, *, now: datetime) -> Call:
    with transaction.atomic():
        locked, spoken, _kept = _begin(subscription, Act.FREEZE)
        return _ask(freeze_command(locked, spoken), locked, now)


def unfreeze(subscription: Subscription, *, now: datetime) -> Call:
    with transaction.atomic():
        locked, _spoken, _kept = _begin(subscription, Act.UNFREEZE)
        return _ask(_unfreeze_command(locked), locked, now)


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
        return _ask(release_command(locked, spoken), locked, now)


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
            purchase=_purchase(line, expires_at=locked.expires_at),
        )
        return _ask(command, locked, now, line)


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
        return _ask(command, locked, now, line)


def _begin(subscription: Subscription, act: Act) -> tuple[Subscription, SellerProtocol, list[Refresh]]:
    """The subscription, locked, when the act is possible. Raises ``Refused`` otherwise, and in a real market."""
    if not config().sandbox:
        raise Refused("by_hand.real_market", _("This is possible in a sandbox only."), HTTPStatus.NOT_FOUND)
    locked = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("buyer", "product", "offer__sku__spec__product__seller")
        .get(pk=subscription.pk)
    )
    spoken, kept = spoken_for(locked), kept_renewals(done_refreshes([locked]))
    if spoken is None or act not in possible(locked, spoken, kept):
        raise Refused("by_hand.impossible", _("This is not possible in the present state of the service."))
    if Call.objects.filter(subscription=locked).exclude(state=State.ENDED).exists():
        raise Refused("by_hand.under_way", _("An earlier call about this service is still under way."))
    if act in _CHANGES and open_changes(locked):
        raise Refused(
            "by_hand.open_change", _("An earlier change is not done yet: restart its call, or release the service.")
        )
    return locked, spoken, kept


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
    return _ask(_refresh_of(subscription, line, scene, _renewed_until(subscription, line)), subscription, now, line)


def _renewed_until(subscription: Subscription, line: OrderLine) -> datetime:
    return period_end(_end(subscription), line.period_type, line.period_number)


def _refresh_of(subscription: Subscription, line: OrderLine, scene: Scene, expires_at: datetime) -> Refresh:
    """``productId`` only when the renewal changes it (saas-v2 §3.3)."""
    return Refresh(
        instance_id=subscription.instance_id,
        scene=scene,
        order_id=line.order.number,
        order_line_id=line.number,
        expires_at=expires_at,
        product_id=line.offer.product_id if line.offer_id != subscription.offer_id else "",
        purchase=_purchase(line, expires_at=expires_at),
    )


def _purchase(line: OrderLine, *, expires_at: datetime | None) -> Purchase:
    """For the versions that carry it inside. The amount is what the change would cost, though nothing is paid here:
    SaaS 1.0 tells a cancelled renewal by its negative sign alone (saas-v1-license A2.3)."""
    costs = price(line.offer.price, quantity=line.quantity, periods=max(line.period_number, 1)).total
    return Purchase(
        product_id=line.offer.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        charging_mode=ChargingMode(line.charging_mode),
        period_type=line.period_type,
        period_number=line.period_number or None,
        quantity=line.quantity if line.linear else None,
        expires_at=expires_at,
        amount=costs.major,
    )


def _unfreeze_command(subscription: Subscription) -> Command:
    return SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)


def _started(subscription: Subscription) -> datetime:
    if subscription.started_at is None:
        raise LookupError("a subscription that is active has a start")
    return subscription.started_at


def _end(subscription: Subscription) -> datetime:
    if subscription.expires_at is None:
        raise LookupError("what is sold by period has an end")
    return subscription.expires_at


def _ask(command: Command | None, subscription: Subscription, now: datetime, line: OrderLine | None = None) -> Call:
    if command is None:
        raise LookupError("possible() allows only what the protocol has")
    return calls.ask(
        command,
        product=subscription.product,
        subscription=subscription,
        order_number=line.order.number if line else "",
        order_line_number=line.number if line else subscription.order_line_number,
        now=now,
    )


@together
def on_call_ended(ended: Sequence[Facts], now: datetime) -> None:
    """Reaction: what the seller did becomes true of the subscription; a change that failed for good is given up."""
    # Events of an earlier version do not say whose subscription it was.
    followed = [f["call"] for f in ended if f["kind"] in _FOLLOWED and f.get("subscription", 0) is not None]
    if not followed:
        return
    found = Call.objects.exclude(subscription=None).in_bulk(set(followed))
    subscriptions = {
        subscription.pk: subscription
        for subscription in Subscription.objects.select_for_update(of=("self",))
        .select_related("buyer", "product", "offer")
        .filter(pk__in={call.subscription_id for call in found.values()})
        .order_by("pk")
    }
    for pk in dict.fromkeys(followed):
        call = found.get(pk)
        if call is not None and call.subscription_id is not None:
            _end_of(call, subscriptions[call.subscription_id], now)


def _end_of(call: Call, subscription: Subscription, now: datetime) -> None:
    if call.outcome == Call.Outcome.DONE:
        _follow(calls.load(call.kind, call.command), call, subscription, now)
    elif call.outcome == Call.Outcome.GAVE_UP and call.kind in {Upgrade.__name__, CheckChange.__name__}:
        # A refresh may still be restarted by hand, and its order waits for that.
        line = _open_line(call)
        if line is not None:
            end_by_hand(line.order, done=False, note=call.last_verdict, now=now)


def _follow(command: Command, call: Call, subscription: Subscription, now: datetime) -> None:
    match command:
        case Expire() | SetStatus(status=InstanceStatus.FREEZE):
            _move(subscription, SubscriptionEvent.FREEZE, now)
        case SetStatus():
            _move(subscription, SubscriptionEvent.UNFREEZE, now)
        case Release():
            _move(subscription, SubscriptionEvent.RELEASE, now)
            for order in open_changes(subscription):
                end_by_hand(order, done=False, note="released", now=now)
        case Refresh():
            _refreshed(command, call, subscription, now)
        case Upgrade():
            _changed(call, subscription, now)
        case CheckChange():
            line = _open_line(call)
            if line is not None and not Call.objects.filter(order_line_number=line.number, kind="Refresh").exists():
                until = _renewed_until(subscription, line)
                _ask(_refresh_of(subscription, line, Scene.RENEWAL_CHANGE, until), subscription, now, line)


def _move(subscription: Subscription, event: SubscriptionEvent, now: datetime) -> None:
    """Events come at least once, and an orphan's release belongs to no living subscription."""
    if SUBSCRIPTION.allows(subscription.status, event):
        SUBSCRIPTION.move(subscription, event, now=now)
        facts = {"subscription": subscription.pk, "at": now.isoformat()}
        match event:
            case SubscriptionEvent.FREEZE:
                outbox.publish("SubscriptionFrozen", now=now, **facts)
            case SubscriptionEvent.UNFREEZE:
                outbox.publish("SubscriptionUnfrozen", now=now, **facts)
            case SubscriptionEvent.RELEASE:
                outbox.publish("SubscriptionReleased", now=now, **facts)


def _refreshed(command: Refresh, call: Call, subscription: Subscription, now: datetime) -> None:
    line = _changed(call, subscription, now)
    if line is None:
        return
    subscription.expires_at = command.expires_at
    subscription.save(update_fields=["expires_at"])
    watch(subscription)
    spoken = spoken_for(subscription)
    if subscription.status != Subscription.Status.FROZEN or command.expires_at <= now or spoken is None:
        return
    if Expire in spoken.activities:
        _move(subscription, SubscriptionEvent.UNFREEZE, now)  # there the refresh itself ends the freeze
    elif SetStatus in spoken.activities:
        _ask(_unfreeze_command(subscription), subscription, now)  # saas-v2 §3.4: renewed


def _changed(call: Call, subscription: Subscription, now: datetime) -> OrderLine | None:
    """The order of the call is done: what its line says is what the buyer holds. None when that happened before."""
    line = _open_line(call)
    if line is None:
        return None
    subscription.offer, subscription.quantity = line.offer, line.quantity
    subscription.save(update_fields=["offer", "quantity"])
    end_by_hand(line.order, done=True, now=now)
    return line


def _open_line(call: Call) -> OrderLine | None:
    return (
        OrderLine.objects.select_related("order", "offer")
        .filter(number=call.order_line_number, order__status=Order.Status.PROCESSING)
        .exclude(order__order_type=Order.Type.NEW)
        .first()
    )
