"""What operators see of services: all of them, and one with its reasons, its money, and what was and is done to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.operator_queries import user_by_email
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.search import begins_as_number, orders_by_number
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.production.operator_queries import with_attempts
from tradepost.market.production.seller_queries import with_variant
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .models import Operation
from .operation_lists import about, with_service
from .waiting import ShownOperation, shown

BY_HAND = "by_hand"
"""Not a status, but what an operator looks for: frozen by an operator, who must end that too."""
LATEST = 20
"""Operations on the page of a service; all are in the list of operations."""
_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")


class ServiceFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list for; empty means all. A value that means nothing finds nothing."""

    status: str = ""
    seller: str = ""
    search: str = ""
    """An instance id, the number of an order or line or its last seven characters, or a buyer's e-mail address."""


def all_services(asked: ServiceFilter, *, after: str = "", size: int = 25) -> Page[Subscription]:
    """Newest first; at most four queries."""
    rows = _with_people(Subscription.objects.all())
    if asked.status == BY_HAND:
        rows = rows.filter(pk__in=_by_hand().values("subscription"))
    elif asked.status:
        rows = rows.filter(status=asked.status)
    if asked.seller:
        rows = rows.filter(seller_id=whole_number(asked.seller) or 0)  # no row has the key 0
    if asked.search:
        rows = rows.filter(_meant(asked.search))
    return page(rows, after=after, size=size)


def _by_hand() -> QuerySet[Freeze]:
    return Freeze.objects.filter(reason=Freeze.Reason.OPERATOR, lifted_at=None)


def _with_people(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """With product, buyer, seller and offer. What is sealed stays unread."""
    return rows.select_related("product", "buyer", "seller", "offer__sku__spec").defer(
        "sealed_access", "sealed_license", *(f"product__{text}" for text in _TEXTS)
    )


def _meant(text: str) -> Q:
    """At most four small queries of its own; whole numbers, so that indexes serve it."""
    if found := about(text):
        return Q(pk__in=found)
    ended = None if begins_as_number(text) else orders_by_number(text)
    if ended is not None:
        orders = list(Order.objects.filter(ended).values_list("pk", flat=True))
        held = OrderLine.objects.filter(order__in=orders).values_list("subscription_id", flat=True)
        return Q(pk__in=list(held))
    return Q(buyer=user_by_email(text) or 0)


def find_service(pk: int) -> Subscription | None:
    return _with_people(Subscription.objects.filter(pk=pk)).first()


class Service(Struct, frozen=True):
    """A service as its page tells of it. ``address``: where its seller is asked. ``more``: older operations are left out."""

    subscription: Subscription
    address: Address | None
    reasons: Sequence[Freeze]
    """Those that stand."""
    freezes: Sequence[Freeze]
    periods: Sequence[Period]
    lines: Mapping[str, OrderLine]
    """By number, each with its order: of every order about it."""
    operations: Sequence[tuple[ShownOperation, Sequence[Call]]]
    more: bool


def service_of(subscription: Subscription) -> Service:
    """A fixed number of queries."""
    bound = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    freezes = list(Freeze.objects.filter(subscription=subscription).order_by("pk"))
    periods = list(
        Period.objects.select_related("offer__sku__spec").filter(subscription=subscription).order_by("starts_at", "pk")
    )
    lines = OrderLine.objects.select_related("order").filter(subscription=subscription).order_by("pk")
    operations = _operations(subscription)
    return Service(
        subscription=subscription,
        address=bound.address if bound else None,
        reasons=[one for one in freezes if one.lifted_at is None],
        freezes=freezes,
        periods=periods,
        lines={line.number: line for line in lines},
        operations=operations[:LATEST],
        more=len(operations) > LATEST,
    )


def _operations(subscription: Subscription) -> list[tuple[ShownOperation, Sequence[Call]]]:
    """The newest first, each with what was asked of the seller for it."""
    latest = with_service(Operation.objects.filter(subscription=subscription)).order_by("-pk")[: LATEST + 1]
    found = shown(list(latest))
    asked = Call.objects.filter(
        subscription=subscription, purpose=Call.Purpose.ORDER, owner__in=[one.operation.pk for one in found]
    ).select_related("seller", "address")
    by_operation: defaultdict[int, list[Call]] = defaultdict(list)
    for call in with_attempts(with_variant(asked.defer("command", "sealed_answer")).order_by("pk")):
        by_operation[call.owner or 0].append(call)
    return [(one, by_operation[one.operation.pk]) for one in found]
