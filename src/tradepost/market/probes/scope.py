"""Which products are probed, at which addresses, and by which of their cases they are judged.

By product status as saas-v2 §6 and saas-v1-license A5, B have it: on sale yes, stopped and withdrawn no. What is frozen stays
probed: that is how it comes back. Of a joint product the calls of joint operation are probed as well (openapi-jointkit §A.10 no. 4:
"stored cases of listed products are re-run periodically").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet

from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import Sold, required
from tradepost.market.production.models import Binding
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols

from .serving import Serving, served_at
from .watch import Watch

PROBED = (Product.Status.ON_SALE, Product.Status.FROZEN)

type Key = tuple[int, str, str]
"""Address, activity and variant of a case."""


def probed(watch: Watch) -> QuerySet[Product]:
    """Products that are sold, or frozen, and served at an address whose protocol is probed."""
    return Product.objects.filter(_any(watch, product=OuterRef("pk")), status__in=PROBED)


def cases(watch: Watch) -> QuerySet[DebugCase]:
    """Saved cases at addresses that serve a probed product, whatever key or address they were saved with: what is asked is
    whether orders would succeed now."""
    serves = _any(watch, address=OuterRef("address"), product__status__in=PROBED)
    return DebugCase.objects.filter(serves).select_related("address__seller")


def cases_of_product(product: Product, watch: Watch) -> QuerySet[DebugCase]:
    """Those of them that are the product's; none of one that is not probed."""
    if product.status not in PROBED:
        return DebugCase.objects.none()
    return cases(watch).filter(address__in=[one.address.pk for one in serving([product.pk], watch=watch)])


def serving(products: Iterable[int], *, watch: Watch) -> list[Serving]:
    """Where these products are probed."""
    return [
        one for one in served_at(products) if one.address.protocol in watch.protocols and one.address.removed_at is None
    ]


def _any(watch: Watch, **about: object) -> Q:
    """Whether a production interface or an application joins a product to an address at which the market probes: what
    ``served_at`` reads, as a condition."""
    at = {"address__protocol__in": watch.protocols, "address__removed_at": None, **about}
    return Q(Exists(Binding.objects.filter(**at))) | Q(Exists(Application.objects.filter(**at)))


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
