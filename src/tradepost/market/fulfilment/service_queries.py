"""Services for operators: the list, and one with its freezes, money and operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.operator_queries import user_by_email
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.search import number_prefix, orders_by_number
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.production.operator_queries import with_attempts
from tradepost.market.production.seller_queries import with_variant
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .models import Operation
from .operation_lists import find_subscriptions, with_service
from .waiting import ShownOperation, with_waiting

BY_HAND = "by_hand"
"""Filter value beside the statuses: frozen by an operator."""
LATEST = 20
"""Operations on the page of a service; the list of operations has all."""
_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")


class ServiceFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list; empty fields do not filter. An invalid value matches nothing."""

    status: str = ""
    seller: str = ""
    search: str = ""
    """Instance ID, order or line number or its last six characters, or a buyer's e-mail address."""
    since: datetime | None = None
    until: datetime | None = None


def all_services(filters: ServiceFilter, *, after: str = "", size: int = 25) -> Page[Subscription]:
    """Return services, newest first, in at most four queries."""
    rows = _with_people(between(Subscription.objects.all(), "created_at", filters.since, filters.until))
    if filters.status == BY_HAND:
        rows = rows.filter(pk__in=_by_hand().values("subscription"))
    elif filters.status:
        rows = rows.filter(status=filters.status)
    if filters.seller:
        rows = rows.filter(seller_id=whole_number(filters.seller) or 0)  # no row has the key 0
    if filters.search:
        rows = rows.filter(_search_condition(filters.search))
    return page(rows, after=after, size=size)


def _by_hand() -> QuerySet[Freeze]:
    return Freeze.objects.filter(reason=Freeze.Reason.OPERATOR, lifted_at=None)


def _with_people(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Fetch product, buyer, seller and offer. Sealed columns are not read."""
    return rows.select_related("product", "buyer", "seller", "offer__sku__spec").defer(
        "sealed_access", "sealed_license", *(f"product__{text}" for text in _TEXTS)
    )


def _search_condition(text: str) -> Q:
    """Return the condition of a search, in at most four small queries; whole numbers only, for the indexes."""
    if keys := find_subscriptions(text):
        return Q(pk__in=keys)
    number_condition = None if number_prefix(text) else orders_by_number(text)
    if number_condition is not None:
        orders = list(Order.objects.filter(number_condition).values_list("pk", flat=True))
        subscription_keys = OrderLine.objects.filter(order__in=orders).values_list("subscription_id", flat=True)
        return Q(pk__in=list(subscription_keys))
    return Q(buyer=user_by_email(text) or 0)


def find_service(pk: int) -> Subscription | None:
    return _with_people(Subscription.objects.filter(pk=pk)).first()


class Service(Struct, frozen=True):
    """Data of a service's page. ``address``: the seller's address. ``more``: whether older operations are left out."""

    subscription: Subscription
    address: Address | None
    reasons: Sequence[Freeze]
    """Active freezes."""
    freezes: Sequence[Freeze]
    periods: Sequence[Period]
    lines: Mapping[str, OrderLine]
    """By number, with orders, of all orders about it."""
    operations: Sequence[tuple[ShownOperation, Sequence[Call]]]
    more: bool


def service_of(subscription: Subscription) -> Service:
    """Return the data in a fixed number of queries."""
    binding = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    freezes = list(Freeze.objects.filter(subscription=subscription).order_by("pk"))
    periods = list(
        Period.objects.select_related("offer__sku__spec").filter(subscription=subscription).order_by("starts_at", "pk")
    )
    lines = OrderLine.objects.select_related("order").filter(subscription=subscription).order_by("pk")
    operations = _operations(subscription)
    return Service(
        subscription=subscription,
        address=binding.address if binding else None,
        reasons=[freeze for freeze in freezes if freeze.lifted_at is None],
        freezes=freezes,
        periods=periods,
        lines={line.number: line for line in lines},
        operations=operations[:LATEST],
        more=len(operations) > LATEST,
    )


def _operations(subscription: Subscription) -> list[tuple[ShownOperation, Sequence[Call]]]:
    """Return the latest operations, newest first, with their calls."""
    latest_operations = with_service(Operation.objects.filter(subscription=subscription)).order_by("-pk")[: LATEST + 1]
    operations = with_waiting(list(latest_operations))
    order_calls = Call.objects.filter(
        subscription=subscription,
        purpose=Call.Purpose.ORDER,
        owner__in=[shown_operation.operation.pk for shown_operation in operations],
    ).select_related("seller", "address")
    by_operation: defaultdict[int, list[Call]] = defaultdict(list)
    for call in with_attempts(with_variant(order_calls.defer("command", "sealed_answer")).order_by("pk")):
        by_operation[call.owner or 0].append(call)
    return [(shown_operation, by_operation[shown_operation.operation.pk]) for shown_operation in operations]
