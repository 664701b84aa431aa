"""Start the operations of paid orders: open purchases and queue renewals.

``BY_TYPE`` has a function per order type; other types start where they are placed (``sandbox``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext_noop

from tradepost.market.base import ids, outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.base.stored import dump
from tradepost.market.licenses.codes import Issue, issue
from tradepost.market.orders.align import is_priced_from
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.prerequisite import check_prerequisite
from tradepost.market.orders.pricing import read_stored
from tradepost.market.product_types.acceptance import opens_at_payment
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewed_end
from tradepost.protocols.commands import Buyer, Command
from tradepost.protocols.inline_purchase import NAME_LENGTH
from tradepost.protocols.registry import protocol

from . import changing
from .cases import DEFERRED_FIELDS, line_of, locked_subscriptions, view_of
from .contract import Case, NoParameters, ProtocolCommand
from .converting import begin_conversions
from .events import HandOverBegan
from .kinds.hand_over import KIND as HAND_OVER
from .kinds.issue import KIND as ISSUE
from .kinds.open import KIND as OPEN
from .kinds.open import Opening
from .kinds.renew import Renewal
from .models import Operation, lane_of
from .operate import OperationRequest, link, operate, request_of
from .renew_changing import renewal_of


@batched
def on_order_paid(paid: Sequence[OrderPaid], now: datetime) -> None:
    """Reaction: start the operations. Orders that cannot be sent to the seller are refunded."""
    numbers = {order_paid.order for order_paid in paid}
    types = dict(Order.objects.filter(number__in=numbers).values_list("number", "order_type"))
    with translation.override(None):  # reasons are stored untranslated
        for order_type, start in BY_TYPE.items():
            same_type = [number for number in numbers if types.get(number) == order_type]
            if same_type:
                start(same_type, now)


# --- opening ---


def _open(numbers: Sequence[str], now: datetime) -> None:
    """Open each new subscription in its own lane, so that its operation runs at once."""
    orders = (
        Order.objects.filter(number__in=numbers, status=Order.Status.PROCESSING)
        .select_for_update(of=("self",))
        .select_related("buyer")
        .order_by("pk")
    )
    lines = _lines_to_start(orders)
    addresses = calls.addresses_of(line.product for order_lines in lines.values() for line in order_lines)
    started_lines: list[OrderLine] = []
    for order, order_lines in lines.items():
        try:
            for line in order_lines:
                _check(line, order, addresses.get(line.product_id))
            _check_line_numbers(order_lines, addresses)
        except Refused as refusal:
            give_up_order(order, now=now, reason=str(refusal.message))
        else:
            started_lines += order_lines
    at_sellers = [line for line in started_lines if not _needs_lane(line)]
    if at_sellers:
        _begin(at_sellers, addresses, now)
    in_lanes = [line for line in started_lines if _needs_lane(line)]
    if in_lanes:
        _begin_in_lanes(in_lanes, now)


def _needs_lane(line: OrderLine) -> bool:
    """Return whether the line is delivered without a call now: by cloud, people or market, or after acceptance."""
    kind = line.product.product_type
    return runs_in_cloud(kind) or _is_by_market(line) or (_is_supervised(line) and not opens_at_payment(line.flow))


def _is_supervised(line: OrderLine) -> bool:
    """Return whether people deliver it; older lines without a stored flow follow their product type."""
    return bool(line.flow) or _is_by_people(line)


def _is_by_people(line: OrderLine) -> bool:
    return product_type(line.product.product_type).by_people


def _is_by_market(line: OrderLine) -> bool:
    return product_type(line.product.product_type).by_market


def _lines_to_start(orders: Iterable[Order]) -> dict[Order, list[OrderLine]]:
    by_pk = {order.pk: order for order in orders}
    lines = OrderLine.objects.filter(order__in=by_pk, operations=None).select_related("product", "offer__sku")
    by_order: dict[Order, list[OrderLine]] = {order: [] for order in by_pk.values()}
    for line in lines.defer(*DEFERRED_FIELDS).order_by("pk"):
        line.order = by_pk[line.order_id]
        by_order[line.order].append(line)
    return by_order


def _check(line: OrderLine, order: Order, address: Address | None) -> None:
    """Raise ``Refused`` for a line that cannot be opened."""
    check_prerequisite(order.buyer, line.offer)
    kind = line.product.product_type
    without = _issues_code(line) or _is_by_people(line) or _is_by_market(line) or runs_in_cloud(kind)
    if address is None and not without:
        raise calls.no_address_refusal()


def _issues_code(line: OrderLine) -> bool:
    return product_type(line.product.product_type).issues_codes


def _check_line_numbers(lines: Sequence[OrderLine], addresses: Mapping[int, Address]) -> None:
    """Raise ``Refused`` for several lines of one seller over a protocol without line numbers, which would treat the
    second as a repetition (saas-v1-license A2.2).

    Checkout creates orders with one line; this protects future changes.
    """
    lines_per_seller = Counter(
        line.seller_id
        for line in lines
        if line.product_id in addresses
        and addresses[line.product_id].protocol in product_type(line.product.product_type).one_line_over
    )
    if any(number > 1 for number in lines_per_seller.values()):
        raise Refused("order.one_line", "one order can hold one product only over the protocol of this seller")


def _begin(lines: Sequence[OrderLine], addresses: Mapping[int, Address], now: datetime) -> None:
    """Create subscriptions, opening operations, and first calls or codes, in a fixed number of statements."""
    subscriptions = rows.create(_opening(line, now) for line in lines)
    openings: list[Opening | NoParameters] = [
        NoParameters() if _issues_code(line) else Opening(buyer=buyer_of(line)) for line in lines
    ]
    operations = rows.create(
        Operation(
            lane=lane_of(subscription),
            subscription=subscription,
            line=line,
            seller_id=line.seller_id,
            kind=OPEN.name if isinstance(opening, Opening) else ISSUE.name,
            origin=Operation.Origin.BUYER,
            actor=line.order.buyer.email,
            wanted=dump(opening),
            status=Operation.Status.RUNNING,
            created_at=now,
            started_at=now,
        )
        for line, subscription, opening in zip(lines, subscriptions, openings, strict=True)
    )
    line_rows = (
        {"id": line.pk, "subscription_id": new_subscription.pk}
        for line, new_subscription in zip(lines, subscriptions, strict=True)
    )
    rows.update("orders_orderline", {"subscription_id": "bigint"}, line_rows)
    link(
        [
            (operation, _first_call(operation, subscription, opening, addresses[subscription.product_id], now), 0)
            for operation, subscription, opening in zip(operations, subscriptions, openings, strict=True)
            if isinstance(opening, Opening)
        ]
    )
    issue(
        (
            Issue(subscription=subscription, ordered_at=line.order.placed_at)
            for line, subscription in zip(lines, subscriptions, strict=True)
            if _issues_code(line)
        ),
        now=now,
    )
    _publish(lines, subscriptions, now)


def _begin_in_lanes(lines: Sequence[OrderLine], now: datetime) -> None:
    """Create subscriptions and operations without calls; their lanes are settled normally."""
    subscriptions = rows.create(_opening(line, now) for line in lines)
    line_rows = (
        {"id": line.pk, "subscription_id": new_subscription.pk}
        for line, new_subscription in zip(lines, subscriptions, strict=True)
    )
    rows.update("orders_orderline", {"subscription_id": "bigint"}, line_rows)
    reloaded_subscriptions = locked_subscriptions([subscription.pk for subscription in subscriptions])
    operate(
        [_in_lane(line, subscription) for line, subscription in zip(lines, reloaded_subscriptions, strict=True)],
        now=now,
    )
    _publish(lines, subscriptions, now)


def _publish(lines: Sequence[OrderLine], subscriptions: Sequence[Subscription], now: datetime) -> None:
    """Publish the deliveries that people make or accept."""
    events = [
        HandOverBegan(line=line.pk, subscription=subscription.pk, at=now)
        for line, subscription in zip(lines, subscriptions, strict=True)
        if _is_supervised(line)
    ]
    if events:
        outbox.publish_all(events, now=now)


def _in_lane(line: OrderLine, subscription: Subscription) -> OperationRequest:
    by_people = _is_by_people(line)
    return OperationRequest(
        kind=HAND_OVER.name if by_people else OPEN.name, subscription=subscription, line=line,
        origin=Operation.Origin.BUYER, actor=line.order.buyer.email,
        wanted=NoParameters() if by_people else Opening(buyer=buyer_of(line), accepted=not _is_supervised(line)),
    )  # fmt: skip


def _opening(line: OrderLine, now: datetime) -> Subscription:
    return Subscription(
        buyer=line.order.buyer,
        seller_id=line.seller_id,
        product=line.product,
        offer=line.offer,
        quantity=line.quantity,
        order_line_number=line.number,
        instance_id=ids.hex_id() if _is_by_market(line) else "",
        at_expiry=Subscription.AtExpiry.RENEW if line.auto_periods else Subscription.AtExpiry.KEEP,
        auto_period_type=line.auto_period_type,
        auto_periods=line.auto_periods,
        created_at=now,
    )


def _first_call(
    operation: Operation, subscription: Subscription, opening: Opening, address: Address, now: datetime
) -> Call:
    if operation.line is None:
        raise LookupError("an opening comes from an order line")
    case = Case(
        held=view_of(subscription, protocol(address.protocol)),
        wanted=opening,
        line=line_of(operation.line),
        step=0,
        said=None,
        now=now,
    )
    intent = OPEN.ask(case)
    if not isinstance(intent, ProtocolCommand):
        raise TypeError("an opening begins with a command")
    command: Command = intent.command
    return calls.prepare(
        request_of(operation, subscription, command, intent, give_up_at=None, now=now), address, now=now
    )


def buyer_of(line: OrderLine) -> Buyer:
    """Return the buyer; private fields only if the product requests them (saas-v2 §1.5)."""
    buyer, product = line.order.buyer, line.product
    return Buyer(
        customer_id=buyer.customer_id,
        # As in the order query; never part of an address that the product does not request.
        customer_name=(name := buyer.name or f"user_{buyer.customer_id[:8]}"),
        user_id=buyer.customer_id if product.asks_user else "",
        user_name=name[:NAME_LENGTH] if product.asks_user else "",
        mobile_phone=buyer.phone if product.asks_mobile else "",
        email=buyer.email if product.asks_email else "",
    )


# --- renewal ---


def _renew(numbers: Sequence[str], now: datetime) -> None:
    """Queue renewals; each call waits for other operations on the service, because a freeze in progress could otherwise
    finish after the renewal."""
    keys = {pk for (pk,) in _SUBSCRIPTIONS(numbers)} - {None}
    subscriptions = {locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)}
    requests = []
    for line in _PAID(numbers):
        subscription = subscriptions.get(line.subscription_id or 0)
        if subscription is None or subscription.started_at is None or subscription.expires_at is None:
            give_up_order(
                line.order,
                now=now,
                reason=gettext_noop("The service to be renewed has no end date that can be extended."),
            )
            continue
        until = _end_of(line, subscription)
        if until is None:
            give_up_order(
                line.order, now=now, reason=gettext_noop("The expiry date has changed since the order was priced.")
            )
            continue
        by_timer = line.order.origin == Order.Origin.TIMER
        kind, parameters = renewal_of(subscription, line, Renewal(since=subscription.expires_at, until=until))
        requests.append(
            OperationRequest(
                kind=kind,
                subscription=subscription,
                line=line,
                origin=Operation.Origin.TIMER if by_timer else Operation.Origin.BUYER,
                actor="market" if by_timer else line.order.buyer.email,
                wanted=parameters,
            )
        )
    operate(requests, now=now)


def _paid(numbers: Slot) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(Among("order__number", numbers), order__status=Order.Status.PROCESSING)


_SUBSCRIPTIONS = Prepared((Keys("text"),), lambda numbers: _paid(numbers).values_list("subscription_id"))
_PAID = PreparedObjects(
    (Keys("text"),), lambda numbers: _paid(numbers).select_related("order__buyer", "offer__sku__spec").order_by("pk")
)


def _end_of(line: OrderLine, subscription: Subscription) -> datetime | None:
    """Return the new end: by duration, or the aligned end if its price still applies; otherwise None."""
    end = renewed_end(subscription, line.period_type, line.period_number)
    if line.until is None:
        return end
    return line.until if is_priced_from(end, line.until, read_stored(line.price_lines)) else None


BY_TYPE: Mapping[str, Callable[[Sequence[str], datetime], None]] = {
    Order.Type.NEW: _open,
    Order.Type.TRIAL: _open,
    Order.Type.TRIAL_TO_FORMAL: begin_conversions,
    Order.Type.RENEW: _renew,
    Order.Type.CHANGE: changing.begin_changes,
}
