"""How a seller is asked to change an instance that is there: the commands, and the one way to write the call."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.pricing import price
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import ChargingMode, Command, InstanceStatus, Purchase, Refresh, Scene, SetStatus


def refresh_of(subscription: Subscription, line: OrderLine, scene: Scene, expires_at: datetime) -> Refresh:
    """``productId`` only when the renewal changes it (saas-v2 §3.3)."""
    return Refresh(
        instance_id=subscription.instance_id,
        scene=scene,
        order_id=line.order.number,
        order_line_id=line.number,
        expires_at=expires_at,
        product_id=line.offer.product_id if line.offer_id != subscription.offer_id else "",
        purchase=purchase_of(line, expires_at=expires_at),
    )


def purchase_of(line: OrderLine, *, expires_at: datetime | None) -> Purchase:
    """For the versions that carry it inside. The amount of a change by hand is what it would cost, though nothing is paid:
    SaaS 1.0 tells a cancelled renewal by its negative sign alone (saas-v1-license A2.3)."""
    costs = line.amount
    if costs.minor == 0:
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


def unfreeze_command(subscription: Subscription) -> Command:
    return SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)


def ask(command: Command | None, subscription: Subscription, now: datetime, line: OrderLine | None = None) -> Call:
    """``line``: of the order that the change is about; without one it is about the purchase. Raises ``Refused`` when it
    cannot be asked."""
    if command is None:
        raise LookupError("only what the protocol has is asked")
    return calls.ask(
        command,
        product=subscription.product,
        subscription=subscription,
        order_number=line.order.number if line else "",
        order_line_number=line.number if line else subscription.order_line_number,
        now=now,
    )
