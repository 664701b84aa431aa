"""Which products are probed, at which addresses, and by which of their cases they are judged.

By product status as saas-v2 §6 and saas-v1-license A5, B have it: on sale yes, stopped and withdrawn no. What is frozen stays
probed: that is how it comes back. Of a joint product the calls of joint operation are probed as well (openapi-jointkit §A.10 no. 4:
"stored cases of listed products are re-run periodically").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from django.db.models import Exists, F, OuterRef, QuerySet

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import Sold, required
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols

from .serving import Serving, served_at
from .watch import Watch

PROBED = (Product.Status.ON_SALE, Product.Status.FROZEN)
type _Conditions = Mapping[str, object]
_BY_TYPE: _Conditions = {"seller__notice_bindings__product_type": F("product_type"), "notice_binding": None}
SERVED: tuple[tuple[str, _Conditions], ...] = (
    ("binding", {}),
    ("application", {}),
    ("notice_binding", {}),
    ("seller__notice_bindings", _BY_TYPE),
)
"""What joins a product to an address, as ``served_at`` reads it, with further conditions."""

type Key = tuple[int, str, str]
"""Address, activity and variant of a case."""


def products_after(product: int, most: int, *, watch: Watch) -> list[Product]:
    """The next products that are sold, or frozen, and served at an address whose protocol is probed; without their texts."""
    found: dict[int, Product] = {}
    beyond = Product.objects.filter(pk__gt=product, status__in=PROBED).defer("description")
    for own in _served(beyond, **_is_probed(watch)):
        found |= {one.pk: one for one in own.order_by("pk")[:most]}
    return [found[pk] for pk in sorted(found)][:most]


def _served(products: QuerySet[Product], **address: object) -> Iterator[QuerySet[Product]]:
    """Those of these products that are served at an address with these columns, by each way apart."""
    for served, conditions in SERVED:
        at = {f"{served}__address__{name}": value for name, value in address.items()}
        yield products.filter(**conditions, **at)


def cases_after(address: int, most: int, *, watch: Watch) -> list[DebugCase]:
    """The next saved cases, by their addresses, of those that serve a probed product; whatever key or address they were saved with:
    what is asked is whether orders would succeed now."""
    found = [
        one for cases in _cases(watch) for one in cases.filter(address__gt=address).order_by("address", "pk")[:most]
    ]
    return sorted({one.pk: one for one in found}.values(), key=lambda one: (one.address_id, one.pk))[:most]


def anything(watch: Watch) -> bool:
    """Whether there is something to probe."""
    return any(cases.exists() for cases in _cases(watch))


def cases_of_product(product: Product, *, watch: Watch) -> QuerySet[DebugCase]:
    """All saved cases of the product; none of one that is not probed."""
    at = [one.address.pk for one in serving([product.pk], watch=watch)] if product.status in PROBED else []
    return DebugCase.objects.filter(address__in=at).select_related("address__seller").order_by("address", "pk")


def _cases(watch: Watch) -> Iterator[QuerySet[DebugCase]]:
    """One after the other: both at once PostgreSQL answers by reading every product of the market."""
    at = {f"address__{name}": value for name, value in _is_probed(watch).items()}
    for serves in _served(Product.objects.filter(status__in=PROBED), pk=OuterRef("address")):
        yield DebugCase.objects.filter(Exists(serves), **at).select_related("address__seller")


def _is_probed(watch: Watch) -> dict[str, object]:
    return {"protocol__in": watch.protocols, "removed_at": None}


def serving(products: Iterable[int], *, watch: Watch) -> list[Serving]:
    """Where these products are probed."""
    return [
        one for one in served_at(products) if one.address.protocol in watch.protocols and one.address.removed_at is None
    ]


def needed(at: Iterable[Serving], saved: Iterable[Key], *, watch: Watch) -> dict[int, set[Key]]:
    """By product, the cases that decide about it: those that what it sells needs, of each of its addresses; of an address at which
    it needs none all that are saved there."""
    at = list(at)
    sold = _sold({one.product_id for one in at})
    known: defaultdict[int, set[Key]] = defaultdict(set)
    for key in saved:
        known[key[0]].add(key)
    found: defaultdict[int, set[Key]] = defaultdict(set)
    for one in at:
        own = set(_needed_at(one, sold[one.product_id])) if watch.only_needed else set()
        found[one.product_id] |= own or known[one.address.pk]
    return found


def _needed_at(one: Serving, sold: Sold) -> Iterator[Key]:
    """Of the protocol that is spoken there alone: both have an address of their own, though the same URL."""
    protocol = one.address.protocol
    if protocol not in protocols():
        return
    for each in required(protocol, Sold(joint=True) if one.application else sold).cases:
        if each.protocol == protocol:
            yield one.address.pk, each.case.activity, each.case.variant


def _sold(products: Collection[int]) -> Mapping[int, Sold]:
    """What is sold of each: its charging modes, whether it can be tried, and whether a package stops it."""
    found: defaultdict[int, Sold] = defaultdict(Sold)
    offers = Offer.objects.filter(sku__spec__product__in=list(products), stopped_at=None)
    told = offers.values_list("sku__spec__product", "charging_mode", "trial", "stops_when_used_up").distinct()
    for product, mode, trial, stops in told:
        found[product] |= Sold(modes=frozenset({ChargingMode(mode)}), trial=trial, stops_when_used_up=stops)
    return found
