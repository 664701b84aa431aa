"""Which products are probed, at which addresses, and which cases decide.

By product status (saas-v2 §6, saas-v1-license A5, B): products on sale are probed, stopped and withdrawn ones are not.
Frozen products are probed, so that sales can restart. Joint-operation calls are probed too (openapi-jointkit §A.10 no.
4: "stored cases of listed products are re-run periodically").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from django.db.models import Exists, F, OuterRef, QuerySet

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import SoldProduct, required
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols

from .serving import Serving, served_at
from .watch import Watch

PROBED_STATUSES = (Product.Status.ON_SALE, Product.Status.FROZEN)
type _Conditions = Mapping[str, object]
_BOUND_BY_TYPE: _Conditions = {"seller__notice_bindings__product_type": F("product_type"), "notice_binding": None}
SERVING_RELATIONS: tuple[tuple[str, _Conditions], ...] = (
    ("binding", {}),
    ("application", {}),
    ("notice_binding", {}),
    ("seller__notice_bindings", _BOUND_BY_TYPE),
)
"""Relations from a product to an address, as ``served_at`` reads them, with further conditions."""

type Key = tuple[int, str, str]
"""Address, activity and variant of a case."""


def products_after(product: int, most: int, *, watch: Watch) -> list[Product]:
    """Return the next products that are on sale or frozen and have a probed address, without descriptions."""
    by_key: dict[int, Product] = {}
    later_products = Product.objects.filter(pk__gt=product, status__in=PROBED_STATUSES).defer("description")
    for served_products in _products_by_relation(later_products, **_is_probed(watch)):
        by_key |= {product.pk: product for product in served_products.order_by("pk")[:most]}
    return [by_key[pk] for pk in sorted(by_key)][:most]


def _products_by_relation(products: QuerySet[Product], **address: object) -> Iterator[QuerySet[Product]]:
    """Yield the products with such an address, one queryset per relation."""
    for relation, conditions in SERVING_RELATIONS:
        conditions_on_address = {f"{relation}__address__{name}": value for name, value in address.items()}
        yield products.filter(**conditions, **conditions_on_address)


def cases_after(address: int, most: int, *, watch: Watch) -> list[DebugCase]:
    """Return the next saved cases by address, for probed products.

    The key or URL with which a case was saved does not matter: a probe shows whether orders would succeed now.
    """
    next_cases = [
        case for cases in _cases(watch) for case in cases.filter(address__gt=address).order_by("address", "pk")[:most]
    ]
    return sorted({case.pk: case for case in next_cases}.values(), key=lambda case: (case.address_id, case.pk))[:most]


def has_cases(watch: Watch) -> bool:
    """Return whether there is anything to probe."""
    return any(cases.exists() for cases in _cases(watch))


def cases_of_product(product: Product, *, watch: Watch) -> QuerySet[DebugCase]:
    """Return all saved cases of the product; none if it is not probed."""
    address_keys = (
        [serving_address.address.pk for serving_address in serving_addresses([product.pk], watch=watch)]
        if product.status in PROBED_STATUSES
        else []
    )
    return (
        DebugCase.objects.filter(address__in=address_keys).select_related("address__seller").order_by("address", "pk")
    )


def _cases(watch: Watch) -> Iterator[QuerySet[DebugCase]]:
    """Yield cases per relation. In one query PostgreSQL would read every product of the market."""
    conditions = {f"address__{name}": value for name, value in _is_probed(watch).items()}
    for serves in _products_by_relation(Product.objects.filter(status__in=PROBED_STATUSES), pk=OuterRef("address")):
        yield DebugCase.objects.filter(Exists(serves), **conditions).select_related("address__seller")


def _is_probed(watch: Watch) -> dict[str, object]:
    return {"protocol__in": watch.protocols, "removed_at": None}


def serving_addresses(products: Iterable[int], *, watch: Watch) -> list[Serving]:
    """Return the addresses at which these products are probed."""
    return [
        serving_address
        for serving_address in served_at(products)
        if serving_address.address.protocol in watch.protocols and serving_address.address.removed_at is None
    ]


def deciding_cases(at: Iterable[Serving], saved: Iterable[Key], *, watch: Watch) -> dict[int, set[Key]]:
    """Return the deciding cases by product: those that its offers require at each address.

    At an address without required cases, all saved cases decide.
    """
    at = list(at)
    sold = _sold_by_product({serving_address.product_id for serving_address in at})
    saved_by_address: defaultdict[int, set[Key]] = defaultdict(set)
    for key in saved:
        saved_by_address[key[0]].add(key)
    by_product: defaultdict[int, set[Key]] = defaultdict(set)
    for serving_address in at:
        required_keys = (
            set(_required_cases(serving_address, sold[serving_address.product_id])) if watch.only_needed else set()
        )
        by_product[serving_address.product_id] |= required_keys or saved_by_address[serving_address.address.pk]
    return by_product


def _required_cases(serving_address: Serving, sold: SoldProduct) -> Iterator[Key]:
    """Yield the required cases of the address's own protocol. Other protocols have their own address at the same
    URL."""
    protocol = serving_address.address.protocol
    if protocol not in protocols():
        return
    for required_case in required(protocol, SoldProduct(joint=True) if serving_address.application else sold).cases:
        if required_case.protocol == protocol:
            yield serving_address.address.pk, required_case.case.activity, required_case.case.variant


def _sold_by_product(products: Collection[int]) -> Mapping[int, SoldProduct]:
    """Return by product what it sells: charging modes, trials, and whether a package ends it."""
    by_product: defaultdict[int, SoldProduct] = defaultdict(SoldProduct)
    offers = Offer.objects.filter(sku__spec__product__in=list(products), stopped_at=None)
    rows = offers.values_list("sku__spec__product", "charging_mode", "trial", "stops_when_used_up").distinct()
    for product, mode, trial, stops in rows:
        by_product[product] |= SoldProduct(modes=frozenset({ChargingMode(mode)}), trial=trial, stops_when_used_up=stops)
    return by_product
