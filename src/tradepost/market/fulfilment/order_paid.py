"""A paid order becomes operations: what is bought is opened, what is renewed is renewed in its turn.

``BY_TYPE`` says for each type of order how; an order of another type begins where it is made (``sandbox``).
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
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewed_end
from tradepost.protocols.commands import Buyer, Command
from tradepost.protocols.inline_purchase import NAME_LENGTH
from tradepost.protocols.registry import protocol

from . import changing
from .cases import UNREAD, held_of, line_of, locked_subscriptions
from .contract import Ask, Case, Nothing
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
    """Reaction: start what is not started yet. Money is never kept for what cannot even be asked of the seller."""
    numbers = {one.order for one in paid}
    types = dict(Order.objects.filter(number__in=numbers).values_list("number", "order_type"))
    with translation.override(None):  # why one cannot be opened is noted as it stands in the source
        for order_type, start in BY_TYPE.items():
            alike = [number for number in numbers if types.get(number) == order_type]
            if alike:
                start(alike, now)


# --- opened -----------------------------------------------------------------------------------------------------------


def _open(numbers: Sequence[str], now: datetime) -> None:
    """An empty lane for each new subscription, so that its operation runs at once."""
    orders = (
        Order.objects.filter(number__in=numbers, status=Order.Status.PROCESSING)
        .select_for_update(of=("self",))
        .select_related("buyer")
        .order_by("pk")
    )
    lines = _lines_to_start(orders)
    addresses = calls.addresses_of(line.product for ours in lines.values() for line in ours)
    started: list[OrderLine] = []
    for order, ours in lines.items():
        try:
            for line in ours:
                _check(line, order, addresses.get(line.product_id))
            _check_alone(ours, addresses)
        except Refused as refused:
            give_up_order(order, now=now, reason=str(refused.message))
        else:
            started += ours
    at_sellers = [line for line in started if not _in_lanes(line)]
    if at_sellers:
        _begin(at_sellers, addresses, now)
    in_lanes = [line for line in started if _in_lanes(line)]
    if in_lanes:
        _begin_in_lanes(in_lanes, now)


def _in_lanes(line: OrderLine) -> bool:
    """Whether a cloud, people or the market deliver it, or people have to accept it first: no seller's server is asked now."""
    kind = line.product.product_type
    return by_cloud(kind) or _by_market(line) or (_supervised(line) and not opens_at_payment(line.flow))


def _supervised(line: OrderLine) -> bool:
    """What was ordered before lines kept their flow goes by its kind."""
    return bool(line.flow) or _by_people(line)


def _by_people(line: OrderLine) -> bool:
    return product_type(line.product.product_type).by_people


def _by_market(line: OrderLine) -> bool:
    return product_type(line.product.product_type).by_market


def _lines_to_start(orders: Iterable[Order]) -> dict[Order, list[OrderLine]]:
    by_pk = {order.pk: order for order in orders}
    lines = OrderLine.objects.filter(order__in=by_pk, operations=None).select_related("product", "offer__sku")
    wanted: dict[Order, list[OrderLine]] = {order: [] for order in by_pk.values()}
    for line in lines.defer(*UNREAD).order_by("pk"):
        line.order = by_pk[line.order_id]
        wanted[line.order].append(line)
    return wanted


def _check(line: OrderLine, order: Order, address: Address | None) -> None:
    """Raises ``Refused`` for what cannot be opened."""
    check_prerequisite(order.buyer, line.offer)
    kind = line.product.product_type
    without = _issues_code(line) or _by_people(line) or _by_market(line) or by_cloud(kind)
    if address is None and not without:
        raise calls.no_address()


def _issues_code(line: OrderLine) -> bool:
    return product_type(line.product.product_type).issues_codes


def _check_alone(lines: Sequence[OrderLine], addresses: Mapping[int, Address]) -> None:
    """Where a protocol knows orders only, a seller would take a second line for a repeat (saas-v1-license A2.2).

    Checkout makes orders of one line; this stands before the day when it makes more.
    """
    alone = Counter(
        line.seller_id
        for line in lines
        if line.product_id in addresses
        and addresses[line.product_id].protocol in product_type(line.product.product_type).one_line_over
    )
    if any(number > 1 for number in alone.values()):
        raise Refused("order.one_line", "one order can hold one product only over the protocol of this seller")


def _begin(lines: Sequence[OrderLine], addresses: Mapping[int, Address], now: datetime) -> None:
    """Write the subscriptions, the operations that open them, and their first calls or codes, in a fixed number of
    statements."""
    subscriptions = rows.create(_opening(line, now) for line in lines)
    openings: list[Opening | Nothing] = [
        Nothing() if _issues_code(line) else Opening(buyer=buyer_of(line)) for line in lines
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
    own = ({"id": line.pk, "subscription_id": s.pk} for line, s in zip(lines, subscriptions, strict=True))
    rows.update("orders_orderline", {"subscription_id": "bigint"}, own)
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
    _tell(lines, subscriptions, now)


def _begin_in_lanes(lines: Sequence[OrderLine], now: datetime) -> None:
    """No seller is asked: their lanes are settled as any other's."""
    subscriptions = rows.create(_opening(line, now) for line in lines)
    own = ({"id": line.pk, "subscription_id": s.pk} for line, s in zip(lines, subscriptions, strict=True))
    rows.update("orders_orderline", {"subscription_id": "bigint"}, own)
    held = locked_subscriptions([one.pk for one in subscriptions])
    operate([_in_lane(line, subscription) for line, subscription in zip(lines, held, strict=True)], now=now)
    _tell(lines, subscriptions, now)


def _tell(lines: Sequence[OrderLine], subscriptions: Sequence[Subscription], now: datetime) -> None:
    """Who follows what people deliver, or accept."""
    begun = [
        HandOverBegan(line=line.pk, subscription=one.pk, at=now)
        for line, one in zip(lines, subscriptions, strict=True)
        if _supervised(line)
    ]
    if begun:
        outbox.publish_all(begun, now=now)


def _in_lane(line: OrderLine, subscription: Subscription) -> OperationRequest:
    by_people = _by_people(line)
    return OperationRequest(
        kind=HAND_OVER.name if by_people else OPEN.name, subscription=subscription, line=line,
        origin=Operation.Origin.BUYER, actor=line.order.buyer.email,
        wanted=Nothing() if by_people else Opening(buyer=buyer_of(line), accepted=not _supervised(line)),
    )  # fmt: skip


def _opening(line: OrderLine, now: datetime) -> Subscription:
    return Subscription(
        buyer=line.order.buyer,
        seller_id=line.seller_id,
        product=line.product,
        offer=line.offer,
        quantity=line.quantity,
        order_line_number=line.number,
        instance_id=ids.hex_id() if _by_market(line) else "",
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
        held=held_of(subscription, protocol(address.protocol)),
        wanted=opening,
        line=line_of(operation.line),
        step=0,
        said=None,
        now=now,
    )
    intent = OPEN.ask(case)
    if not isinstance(intent, Ask):
        raise TypeError("an opening begins with a command")
    command: Command = intent.command
    return calls.prepare(
        request_of(operation, subscription, command, intent, give_up_at=None, now=now), address, now=now
    )


def buyer_of(line: OrderLine) -> Buyer:
    """Privacy fields only when the product asked for them (saas-v2 §1.5)."""
    buyer, product = line.order.buyer, line.product
    return Buyer(
        customer_id=buyer.customer_id,
        # As the order query says it; never a part of an address that the product did not ask for.
        customer_name=(name := buyer.name or f"user_{buyer.customer_id[:8]}"),
        user_id=buyer.customer_id if product.asks_user else "",
        user_name=name[:NAME_LENGTH] if product.asks_user else "",
        mobile_phone=buyer.phone if product.asks_mobile else "",
        email=buyer.email if product.asks_email else "",
    )


# --- renewed ----------------------------------------------------------------------------------------------------------


def _renew(numbers: Sequence[str], now: datetime) -> None:
    """Each is asked of its seller once nothing else is being done to the same service: a freeze that is under way may be
    done at any moment, and asked beside it the renewal could be over first."""
    about = {pk for (pk,) in _ABOUT(numbers)} - {None}
    subscriptions = {one.pk: one for one in locked_subscriptions(about)}
    requests = []
    for line in _PAID(numbers):
        subscription = subscriptions.get(line.subscription_id or 0)
        if subscription is None or subscription.started_at is None or subscription.expires_at is None:
            give_up_order(line.order, now=now, reason=gettext_noop("What it renews has no end that could be moved."))
            continue
        until = _end_of(line, subscription)
        if until is None:
            give_up_order(line.order, now=now, reason=gettext_noop("The end that it was priced for has moved since."))
            continue
        by_timer = line.order.origin == Order.Origin.TIMER
        kind, wanted = renewal_of(subscription, line, Renewal(since=subscription.expires_at, until=until))
        requests.append(
            OperationRequest(
                kind=kind,
                subscription=subscription,
                line=line,
                origin=Operation.Origin.TIMER if by_timer else Operation.Origin.BUYER,
                actor="market" if by_timer else line.order.buyer.email,
                wanted=wanted,
            )
        )
    operate(requests, now=now)


def _paid(numbers: Slot) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(Among("order__number", numbers), order__status=Order.Status.PROCESSING)


_ABOUT = Prepared((Keys("text"),), lambda numbers: _paid(numbers).values_list("subscription_id"))
_PAID = PreparedObjects(
    (Keys("text"),), lambda numbers: _paid(numbers).select_related("order__buyer", "offer__sku__spec").order_by("pk")
)


def _end_of(line: OrderLine, subscription: Subscription) -> datetime | None:
    """The new end: after the duration, or as it was priced to fall on the buyer's own day of the month. None when that price
    was of other days."""
    end = renewed_end(subscription, line.period_type, line.period_number)
    if line.until is None:
        return end
    return line.until if is_priced_from(end, line.until, read_stored(line.price_lines)) else None


BY_TYPE: Mapping[str, Callable[[Sequence[str], datetime], None]] = {
    Order.Type.NEW: _open,
    Order.Type.TRIAL: _open,
    Order.Type.TRIAL_TO_FORMAL: begin_conversions,
    Order.Type.RENEW: _renew,
    Order.Type.CHANGE: changing.begin,
}
