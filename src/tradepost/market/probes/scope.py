"""Which products are probed, at which addresses, and by which of their cases they are judged.

By product status as saas-v2 §6 and saas-v1-license A5, B have it: on sale yes, stopped and withdrawn no. What is frozen stays
probed: that is how it comes back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Exists, OuterRef, QuerySet

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import Sold, required
from tradepost.market.production.models import Binding
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols

from .watch import Watch

PROBED = (Product.Status.ON_SALE, Product.Status.FROZEN)

type Key = tuple[str, str]
"""Activity and variant of a case."""


def bindings(watch: Watch) -> QuerySet[Binding]:
    """Of the products that are probed, each with the address that serves it."""
    return Binding.objects.filter(
        product__status__in=PROBED, address__protocol__in=watch.protocols, address__removed_at=None
    )


def cases(watch: Watch) -> QuerySet[DebugCase]:
    """Saved cases at addresses that serve a probed product, whatever key or address they were saved with: what is asked is
    whether orders would succeed now."""
    serves = Binding.objects.filter(address=OuterRef("address"), product__status__in=PROBED)
    at = DebugCase.objects.filter(address__protocol__in=watch.protocols, address__removed_at=None)
    return at.filter(Exists(serves)).select_related("address")


def needed(bound: Iterable[Binding], saved: Mapping[int, Collection[Key]], *, watch: Watch) -> dict[int, set[Key]]:
    """By product, the cases that decide about it: those that what it sells needs, else all that are saved (by address)."""
    bound = list(bound)
    sold = _sold(one.product_id for one in bound)
    found: dict[int, set[Key]] = {}
    for one in bound:
        protocol = one.address.protocol
        wanted = required(protocol, sold[one.product_id]).cases if protocol in protocols() else ()
        own = {(each.case.activity, each.case.variant) for each in wanted if each.protocol == protocol}
        found[one.product_id] = own if own and watch.only_needed else set(saved.get(one.address_id, ()))
    return found


def _sold(products: Iterable[int]) -> dict[int, Sold]:
    """What is sold of each: its charging modes, whether it can be tried, and whether a package stops it."""
    found: defaultdict[int, Sold] = defaultdict(Sold)
    offers = Offer.objects.filter(sku__spec__product__in=list(products), stopped_at=None)
    told = offers.values_list("sku__spec__product", "charging_mode", "trial", "stops_when_used_up").distinct()
    for product, mode, trial, stops in told:
        found[product] |= Sold(modes=frozenset({ChargingMode(mode)}), trial=trial, stops_when_used_up=stops)
    return found
