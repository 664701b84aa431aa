"""What a seller sees of production: its calls and their attempts, its addresses, and what needs attention."""

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

from .models import FAILING, FOR_BUYERS, LISTED, Address, Attempt, Binding, Call

STATES: dict[str, Callable[[], Q]] = {
    "waiting": lambda: Q(state=State.WAITING),
    "in_flight": lambda: Q(state=State.LEASED),
    "held": lambda: Q(state=State.HELD),
    "done": lambda: Q(outcome=Call.Outcome.DONE),
    "gave_up": lambda: Q(outcome=Call.Outcome.GAVE_UP),
    "cancelled": lambda: Q(outcome=Call.Outcome.CANCELLED),
    "failing": lambda: FAILING,
}
"""What a list of calls can be narrowed to. ``failing``: under way, and the last attempt went wrong."""


class CallFilter(Struct, frozen=True, kw_only=True):
    """What a seller asks the list of interface messages for; empty means all."""

    activity: str = ""
    state: str = ""
    order: str = ""
    """An order's number, an order line's number, or an instance id; whole, so that indexes serve it."""
    reason: str = ""
    address: str = ""


def seller_calls(seller: Seller, asked: CallFilter) -> QuerySet[Call]:
    """The seller's calls that fit, unordered. A value that means nothing finds nothing rather than everything."""
    calls = Call.objects.filter(seller=seller, purpose__in=LISTED).select_related("product").defer("command")
    calls = with_variant(calls)
    if asked.activity:
        calls = calls.filter(activity=asked.activity)
    if asked.state:
        narrow = STATES.get(asked.state)
        calls = calls.filter(narrow()) if narrow else calls.none()
    if asked.order:
        calls = calls.filter(about(asked.order, Subscription.objects.filter(seller=seller)))
    if asked.reason:
        calls = calls.filter(last_verdict=asked.reason)
    if asked.address:
        calls = calls.filter(address_id=whole_number(asked.address) or 0)  # no row has the key 0
    return calls


def with_variant(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Each with its ``variant``: what one activity is asked for, which is a refresh's scene or the status that is set."""
    said = Coalesce(KT("command__scene"), KT("command__status"), Value(""), output_field=TextField())
    return calls.annotate(variant=said)


def about(text: str, among: QuerySet[Subscription]) -> Q:
    """Calls about an order or a line by its number, or about the instance, each whole. One query of its own: an instance is
    looked up first, so that calls are found by the subscription's key."""
    number = text.upper()
    held = list(among.filter(instance_id=text).values_list("pk", flat=True))
    found = Q(order_number=number) | _of_line(number)
    return found | Q(subscription__in=held) if held else found


def find_call(seller: Seller, pk: int) -> Call | None:
    """The seller's own call with what its page names; None for anybody else's."""
    calls = with_variant(Call.objects.select_related("product", "address", "subscription"))
    return calls.filter(seller=seller, pk=pk, purpose__in=LISTED).first()


def attempts_of(call: Call) -> list[Attempt]:
    """Newest first: what happened last is what one came to see."""
    return with_open_attempt(call, Attempt.objects.filter(call=call).order_by("number"))[::-1]


def with_open_attempt(call: Call, ended: Iterable[Attempt]) -> list[Attempt]:
    """The stored attempts of a call, oldest first, and the one that is open now, if any."""
    found = list(ended)
    if call.state == State.LEASED and all(attempt.number != call.attempts for attempt in found):
        found.append(open_attempt(call))
    return found


def open_attempt(call: Call) -> Attempt:
    """The attempt that a leased call is in: it is not stored before it ends."""
    return Attempt(
        call=call,
        number=call.attempts,
        trigger=call.trigger or Attempt.Trigger.PLAN,
        business_id=call.business_id,
        started_at=call.attempt_at or call.due_at,
        worker=call.lease_owner,
    )


def _of_line(number: str) -> Q:
    """A line's number begins with its order's, which has an index. What is no line's number finds nothing."""
    order, dash, _ = number.rpartition("-")
    return Q(order_number=order, order_line_number=number) if dash and order else Q(pk__in=[])


def calls_of_line(seller: Seller, line_number: str) -> list[Call]:
    """Oldest first, as they follow each other in a delivery."""
    calls = Call.objects.filter(_of_line(line_number), seller=seller).defer("command")
    return list(with_variant(calls).order_by("pk"))


def retry_rule(call: Call) -> RetryRule | None:
    """How a call is tried again, by the protocol's table; None for a protocol that is not installed."""
    found = protocols().get(call.protocol)
    rules = found.retries.items() if found else ()
    return next((rule for command, rule in rules if command.__name__ == call.kind), None)


class FilterChoices(Struct, frozen=True):
    """What a seller may choose of: ``addresses`` as key and URL, oldest first; ``activities`` of their protocols, each once."""

    addresses: list[tuple[str, str]]
    activities: list[str]


def filter_choices(seller: Seller, asked: CallFilter) -> FilterChoices:
    """With an address chosen, the activities are those of its protocol; what is asked for stays among them."""
    known = list(Address.objects.filter(seller=seller).order_by("pk").values_list("pk", "url", "protocol"))
    spoken = [name for pk, _, name in known if asked.address in {"", str(pk)}]
    words = [word for name in spoken if name in protocols() for word in protocols()[name].activities.values()]
    asked_for = [asked.activity] if asked.activity else []
    return FilterChoices([(str(pk), url) for pk, url, _ in known], list(dict.fromkeys([*words, *asked_for])))


def seller_addresses(seller: Seller) -> list[Address]:
    """The seller's addresses with ``bindings`` and their products fetched, and ``under_way``: calls not ended."""
    bindings = Binding.objects.select_related("product").order_by("product__name")
    # Counted apart, in the words of the partial indexes: a join would read every call the address ever had.
    calls = Call.objects.filter(address=OuterRef("pk"))
    waiting = CountedUpTo(calls.filter(state__in=[State.WAITING, State.HELD]))
    leased = CountedUpTo(calls.filter(seller=seller, state=State.LEASED))
    return list(
        Address.objects.filter(seller=seller, removed_at=None)
        .select_related("domain")
        .annotate(under_way=waiting + leased)
        .prefetch_related(Prefetch("bindings", bindings))
        .order_by("pk")
    )


def find_address(seller: Seller, pk: int) -> Address | None:
    bindings = Binding.objects.select_related("product").order_by("product__name")
    standing = Address.objects.filter(seller=seller, pk=pk, removed_at=None).select_related("domain", "seller")
    return standing.prefetch_related(Prefetch("bindings", bindings)).first()


def seller_products(seller: Seller) -> list[Product]:
    """All products of a seller with their ``binding`` and its address, newest first."""
    return list(Product.objects.filter(seller=seller).select_related("binding__address").order_by("-pk"))


class Attention(Struct, frozen=True, kw_only=True):
    """What is wrong now, most urgent first on the page."""

    failing: list[Call]
    failing_count: Count
    open_addresses: list[Address]
    addresses_without_key: list[Address]
    products_without_address: list[Product]
    begins: bool
    """No address is registered yet, and nothing is on sale that is delivered without one."""

    @property
    def nothing(self) -> bool:
        return not (
            self.begins
            or self.failing_count
            or self.open_addresses
            or self.addresses_without_key
            or self.products_without_address
        )


def attention(seller: Seller, *, products: QuerySet[Product] | None = None, most: int = 5) -> Attention:
    """Five queries, whatever there is. ``products``: those of the seller that exist for the reader, if not all."""
    addresses = list(Address.objects.filter(seller=seller, removed_at=None).order_by("pk"))
    failing = Call.objects.filter(FAILING, seller=seller, purpose__in=FOR_BUYERS)
    classes = classes_with_key(seller)
    known = Product.objects.all() if products is None else products
    on_sale = known.filter(seller=seller, status=Product.Status.ON_SALE)
    served = on_sale.filter(product_type__in=kinds_with_interface())
    unbound = served.filter(~Exists(Binding.objects.filter(product=OuterRef("pk"))))
    return Attention(
        failing=list(failing.select_related("product").defer("command").order_by("give_up_at", "pk")[:most]),
        failing_count=count_up_to(failing),
        open_addresses=[a for a in addresses if a.breaker != Address.Breaker.CLOSED],
        begins=not addresses and not on_sale.exclude(product_type__in=kinds_with_interface()).exists(),
        addresses_without_key=[a for a in addresses if key_class(a.protocol) not in classes],
        products_without_address=list(unbound.order_by("pk")[:most]),
    )


def key_class(protocol: str) -> str:
    """Interface class of the key that signs calls of a protocol; empty for a protocol that is not installed."""
    found = protocols().get(protocol)
    return found.key_class if found else ""


def classes_with_key(seller: Seller) -> set[str]:
    """Interface classes for which the seller has a signing key."""
    keys = SigningKey.objects.filter(seller=seller, valid_until=None)
    return set(keys.values_list("interface_class", flat=True))


def find_product(seller: Seller, pk: int) -> Product | None:
    return Product.objects.filter(seller=seller, pk=pk).first()
