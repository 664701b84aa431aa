"""Orders that are placed and paid, with their subscriptions, operations and calls to sellers."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.base.models import Event
from tradepost.market.base.stored import dump
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.contract import NoParameters
from tradepost.market.fulfilment.kinds.open import Opening
from tradepost.market.fulfilment.models import Operation, lane_of
from tradepost.market.fulfilment.order_paid import buyer_of
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder, place_order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import activate
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.commands import AppInfo, Command, Create

from .people import NOW, make_buyer
from .products import make_offer

ACCESS = AppInfo(
    front_end_url="https://app.qingxie.example/t/1", admin_url="https://admin.qingxie.example/t/1",
    user_name="lantian", password="Open-Sesame-7", memo="首次登录后请修改密码。",
)  # fmt: skip


def make_order(
    buyer: User | None = None, *, offer: Offer | None = None, paid: bool = False, quantity: int = 1, periods: int = 1,
    extend_params: tuple[tuple[str, str], ...] = (), now: datetime = NOW,
    unpaid_timeout: timedelta = timedelta(days=1),
) -> Order:  # fmt: skip
    """Return an order with one line, unpaid unless ``paid``, as the database has it after the last step."""
    buyer = buyer or make_buyer(now=now)
    offer = offer or make_offer()
    command = PlaceOrder(
        product_id=offer.product_id, quantity=quantity, periods=periods, extend_params=extend_params, agreed=True
    )
    order = place_order(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
    if paid:
        pay_order(order, now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def make_subscription(
    order: Order | None = None, *, active: bool = True, instance_id: str = "", access: AppInfo | None = ACCESS,
    license_text: str = "", now: datetime = NOW,
) -> Subscription:  # fmt: skip
    """Return the buyer's subscription of a paid order: active with access data, or still opening. The event of the
    payment is marked as handled. Where a worker runs, pay in the same transaction, or the worker may handle it first.
    """
    order = order or make_order(paid=True, now=now)
    line = OrderLine.objects.select_related("offer").get(order=order)
    subscription = Subscription.objects.create(
        buyer=order.buyer, seller_id=line.seller_id, product_id=line.product_id, offer=line.offer,
        quantity=line.quantity, order_line_number=line.number,
        instance_id=instance_id or (f"instance-{line.pk}" if active else ""), created_at=now,
    )  # fmt: skip
    OrderLine.objects.filter(pk=line.pk).update(subscription=subscription)
    Event.objects.filter(name="order_paid", facts__order=order.number).delete()
    if active:
        end = period_end(now, line.period_type, line.period_number) if line.period_type else None
        activate(subscription, access, license_text=license_text, started_at=now, expires_at=end, now=now)
    return Subscription.objects.select_related("buyer", "seller", "product", "offer").get(pk=subscription.pk)


def make_operation(
    order: Order | None = None, *, kind: str = "open", subscription: Subscription | None = None,
    call: Call | None = None, wanted: object = None, now: datetime = NOW, **fields: object,
) -> Operation:  # fmt: skip
    """Return an operation for the line of a paid order. Without ``subscription``, one that is still opening is created."""
    order = order or make_order(paid=True, now=now)
    line = OrderLine.objects.select_related("order__buyer", "product").get(order=order)
    subscription = subscription or line.subscription or make_subscription(order, active=False, now=now)
    if wanted is None:
        wanted = Opening(buyer=buyer_of(line)) if kind == "open" else NoParameters()
    columns = {"status": "running", "origin": "buyer", "created_at": now, "started_at": now} | fields
    return Operation.objects.create(
        lane=lane_of(subscription), subscription=subscription, line=line, seller_id=line.seller_id, kind=kind,
        wanted=dump(wanted), call=call, **columns,
    )  # fmt: skip


def make_call(
    order: Order | None = None, *, command: Command | None = None, product: Product | None = None,
    subscription: Subscription | None = None, until_access: bool = False, now: datetime = NOW, **fields: object,
) -> Call:  # fmt: skip
    """Return a call to a seller: newInstance of a paid order, or ``command``. Other keywords are columns of the row,
    for values that only the engine writes."""
    order = order or make_order(paid=True, now=now)
    line = OrderLine.objects.select_related("product").get(order=order)
    command = command or Create(order_id=order.number, order_line_id=line.number, business_id="")
    call = calls.create_call(
        command, product=product or line.product, subscription=subscription, order_number=order.number,
        order_line_number=line.number, until_access=until_access, now=now,
    )  # fmt: skip
    if fields:
        Call.objects.filter(pk=call.pk).update(**fields)
    return Call.objects.select_related("seller", "address").get(pk=call.pk)


def make_refund(
    subscription: Subscription,
    *,
    minor: int = 1_00,
    status: str = "seller_review",
    now: datetime = NOW,
    **fields: object,
) -> Refund:
    """Return a refund that the buyer of a service requested from its seller."""
    columns = {"reason": "It does not start.", "appeal_at": now + timedelta(days=10)} | fields
    return Refund.objects.create(
        kind=Refund.Kind.NEGOTIATED, status=status, buyer=subscription.buyer, seller=subscription.seller,
        subscription=subscription, amount_minor=minor, currency="CNY", requested_at=now, **columns,
    )  # fmt: skip
