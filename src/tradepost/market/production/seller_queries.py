"""Production for sellers: calls with their attempts, addresses, and problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from msgspec import Struct

from tradepost.market.base.counting import Count, CountedUpTo, count_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, SigningKey
from tradepost.market.product_types.registry import kinds_with_interface
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.contract import RetryRule
from tradepost.protocols.registry import protocols

from .models import IS_FAILING, LISTED_PURPOSES, PURPOSES_FOR_BUYERS, Address, Attempt, Binding, Call

STATE_CONDITIONS: dict[str, Callable[[], Q]] = {
    "waiting": lambda: Q(state=State.WAITING),
    "in_flight": lambda: Q(state=State.LEASED),
    "held": lambda: Q(state=State.HELD),
    "done": lambda: Q(outcome=Call.Outcome.DONE),
    "gave_up": lambda: Q(outcome=Call.Outcome.GAVE_UP),
    "cancelled": lambda: Q(outcome=Call.Outcome.CANCELLED),
    "failing": lambda: IS_FAILING,
}
"""Filters of a list of calls. ``failing``: open, and the last attempt failed."""


class CallFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list of interface messages; empty fields do not filter."""

    activity: str = ""
    state: str = ""
    order: str = ""
    """A whole order number, line number or instance ID, for the indexes."""
    reason: str = ""
    address: str = ""


def seller_calls(seller: Seller, filters: CallFilter) -> QuerySet[Call]:
    """Select the seller's matching calls, unordered. An invalid value matches nothing."""
    calls = Call.objects.filter(seller=seller, purpose__in=LISTED_PURPOSES).select_related("product").defer("command")
    calls = with_variant(calls)
    if filters.activity:
        calls = calls.filter(activity=filters.activity)
    if filters.state:
        state_condition = STATE_CONDITIONS.get(filters.state)
        calls = calls.filter(state_condition()) if state_condition else calls.none()
    if filters.state == "waiting":
        # PostgreSQL uses the index of waiting calls per address; another index would cost every claim.
        calls = calls.filter(address__in=Address.objects.filter(seller=seller))
    if filters.order:
        calls = calls.filter(calls_about(filters.order, Subscription.objects.filter(seller=seller)))
    if filters.reason:
        calls = calls.filter(last_verdict=filters.reason)
    if filters.address:
        calls = calls.filter(address_id=whole_number(filters.address) or 0)  # no row has the key 0
    return calls


def with_variant(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Annotate ``variant``: scene of a refresh, or the status to set."""
    variant = Coalesce(KT("command__scene"), KT("command__status"), Value(""), output_field=TextField())
    return calls.annotate(variant=variant)


def calls_about(text: str, among: QuerySet[Subscription]) -> Q:
    """Return the condition for calls about an order, line or instance, each whole. One query: the instance is looked up
    first, so that calls are found by subscription key."""
    number = text.upper()
    subscriptions = list(among.filter(instance_id=text).values_list("pk", flat=True))
    condition = Q(order_number=number) | _line_condition(number)
    return condition | Q(subscription__in=subscriptions) if subscriptions else condition


def find_call(seller: Seller, pk: int) -> Call | None:
    """Return the seller's call with the objects of its page; None for another seller's."""
    calls = with_variant(Call.objects.select_related("product", "address", "subscription"))
    return calls.filter(seller=seller, pk=pk, purpose__in=LISTED_PURPOSES).first()


def attempts_of(call: Call) -> list[Attempt]:
    """Return the attempts, newest first."""
    return with_open_attempt(call, Attempt.objects.filter(call=call).order_by("number"))[::-1]


def with_open_attempt(call: Call, ended: Iterable[Attempt]) -> list[Attempt]:
    """Return the stored attempts of a call, oldest first, and the one in flight."""
    attempts = list(ended)
    if call.state == State.LEASED and all(attempt.number != call.attempts for attempt in attempts):
        attempts.append(open_attempt(call))
    return attempts


def open_attempt(call: Call) -> Attempt:
    """Return the attempt of a leased call, which is stored when it ends."""
    return Attempt(
        call=call,
        number=call.attempts,
        trigger=call.trigger or Attempt.Trigger.PLAN,
        business_id=call.business_id,
        started_at=call.attempt_at or call.due_at,
        worker=call.lease_owner,
    )


def _line_condition(number: str) -> Q:
    """Return the condition for a line number, by the index on the order number. An invalid number matches nothing."""
    order, dash, _ = number.rpartition("-")
    return Q(order_number=order, order_line_number=number) if dash and order else Q(pk__in=[])


def calls_of_line(seller: Seller, line_number: str) -> list[Call]:
    """Return the calls of an order line, oldest first."""
    calls = Call.objects.filter(_line_condition(line_number), seller=seller).defer("command")
    return list(with_variant(calls).order_by("pk"))


def retry_rule(call: Call) -> RetryRule | None:
    """Return the retry rule from the protocol's table; None if the protocol is not installed."""
    protocol_found = protocols().get(call.protocol)
    rules = protocol_found.retries.items() if protocol_found else ()
    return next((rule for command, rule in rules if command.__name__ == call.kind), None)


class FilterChoices(Struct, frozen=True):
    """Choices of the filters: ``addresses`` as key and URL, oldest first; distinct ``activities`` of their protocols."""

    addresses: list[tuple[str, str]]
    activities: list[str]


def filter_choices(seller: Seller, filters: CallFilter) -> FilterChoices:
    """Return the choices. With an address, the activities are those of its protocol and the chosen one."""
    addresses = list(Address.objects.filter(seller=seller).order_by("pk").values_list("pk", "url", "protocol"))
    protocol_names = [name for pk, _, name in addresses if filters.address in {"", str(pk)}]
    words = [word for name in protocol_names if name in protocols() for word in protocols()[name].activities.values()]
    chosen = [filters.activity] if filters.activity else []
    return FilterChoices([(str(pk), url) for pk, url, _ in addresses], list(dict.fromkeys([*words, *chosen])))


def seller_addresses(seller: Seller) -> list[Address]:
    """Return the seller's addresses with ``bindings`` and their products, and ``under_way``: open calls."""
    bindings = Binding.objects.select_related("product").order_by("product__name")
    # Counted by subqueries in the form of the partial indexes: a join would read every call of the address.
    calls = Call.objects.filter(address=OuterRef("pk"))
    waiting_count = CountedUpTo(calls.filter(state__in=[State.WAITING, State.HELD]))
    leased_count = CountedUpTo(calls.filter(seller=seller, state=State.LEASED))
    return list(
        Address.objects.filter(seller=seller, removed_at=None)
        .select_related("domain")
        .annotate(under_way=waiting_count + leased_count)
        .prefetch_related(Prefetch("bindings", bindings))
        .order_by("pk")
    )


def find_address(seller: Seller, pk: int) -> Address | None:
    bindings = Binding.objects.select_related("product").order_by("product__name")
    addresses = Address.objects.filter(seller=seller, pk=pk, removed_at=None).select_related("domain", "seller")
    return addresses.prefetch_related(Prefetch("bindings", bindings)).first()


def seller_products(seller: Seller) -> list[Product]:
    """Return all products of a seller with ``binding`` and its address, newest first."""
    return list(Product.objects.filter(seller=seller).select_related("binding__address").order_by("-pk"))


class OpenProblems(Struct, frozen=True, kw_only=True):
    """Present problems, most urgent first."""

    failing: list[Call]
    failing_count: Count
    open_addresses: list[Address]
    addresses_without_key: list[Address]
    products_without_address: list[Product]

    @property
    def nothing(self) -> bool:
        return not (
            self.failing_count or self.open_addresses or self.addresses_without_key or self.products_without_address
        )


def open_problems(seller: Seller, *, products: QuerySet[Product] | None = None, most: int = 5) -> OpenProblems:
    """Return the problems in five queries. ``products``: products visible to the reader, if not all."""
    addresses = list(Address.objects.filter(seller=seller, removed_at=None).order_by("pk"))
    failing_calls = Call.objects.filter(IS_FAILING, seller=seller, purpose__in=PURPOSES_FOR_BUYERS)
    classes = classes_with_key(seller)
    visible_products = Product.objects.all() if products is None else products
    on_sale = visible_products.filter(seller=seller, status=Product.Status.ON_SALE)
    served_products = on_sale.filter(product_type__in=kinds_with_interface())
    unbound = served_products.filter(~Exists(Binding.objects.filter(product=OuterRef("pk"))))
    return OpenProblems(
        failing=list(failing_calls.select_related("product").defer("command").order_by("give_up_at", "pk")[:most]),
        failing_count=count_up_to(failing_calls),
        open_addresses=[address for address in addresses if address.breaker != Address.Breaker.CLOSED],
        addresses_without_key=[address for address in addresses if key_class(address.protocol) not in classes],
        products_without_address=list(unbound.order_by("pk")[:most]),
    )


def key_class(protocol: str) -> str:
    """Return the interface class of a protocol's signing key; empty if the protocol is not installed."""
    protocol_found = protocols().get(protocol)
    return protocol_found.key_class if protocol_found else ""


def classes_with_key(seller: Seller) -> set[str]:
    """Return the interface classes with a signing key of the seller."""
    keys = SigningKey.objects.filter(seller=seller, valid_until=None)
    return set(keys.values_list("interface_class", flat=True))


def find_product(seller: Seller, pk: int) -> Product | None:
    return Product.objects.filter(seller=seller, pk=pk).first()
