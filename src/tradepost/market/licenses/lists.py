"""Codes and applications as sellers and operators list them; the licenses themselves stay sealed and unread."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.registry import product_types

from .code_models import LicenseCode
from .models import LicenseRequest

_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")
PAGE = 25


class Narrowed(Struct, frozen=True, kw_only=True):
    """What a list is asked for; empty means all. ``search``: a whole code, event id or instance."""

    status: str = ""
    search: str = ""
    seller: str = ""
    """Key, where an operator asks."""


def sold_codes(asked: Narrowed, *, seller: Seller | None = None, after: str = "") -> Page[LicenseCode]:
    """Those of purchases, newest first; of one seller, or of all."""
    rows = _of(LicenseCode.objects.exclude(subscription=None), asked, seller)
    if asked.search:
        rows = rows.filter(code=asked.search)
    return page(_with_service(rows), after=after, size=PAGE)


def requests(asked: Narrowed, *, seller: Seller | None = None, after: str = "") -> Page[LicenseRequest]:
    """Applications for licenses of machines, newest first."""
    rows = _of(LicenseRequest.objects.all(), asked, seller).defer("sealed_license")
    if asked.search:
        rows = rows.filter(event_id=asked.search)
    return page(_with_service(rows), after=after, size=PAGE)


def code_of_seller(seller: Seller, pk: int) -> LicenseCode | None:
    return _with_service(LicenseCode.objects.filter(seller=seller, pk=pk).exclude(subscription=None)).first()


def _of[M: (LicenseCode, LicenseRequest)](rows: QuerySet[M], asked: Narrowed, seller: Seller | None) -> QuerySet[M]:
    if seller is not None:
        rows = rows.filter(seller=seller)
    elif asked.seller:
        rows = rows.filter(seller=whole_number(asked.seller) or 0)  # no row has the key 0
    return rows.filter(status=asked.status) if asked.status else rows


def _with_service[M: (LicenseCode, LicenseRequest)](rows: QuerySet[M]) -> QuerySet[M]:
    sealed = ("subscription__sealed_access", "subscription__sealed_license")
    texts = (f"subscription__product__{text}" for text in _TEXTS)
    return rows.select_related("subscription__product", "subscription__buyer", "seller").defer(*sealed, *texts)


# --- test codes -----------------------------------------------------------------------------------------------------------


class TestedProduct(Struct, frozen=True):
    """``passed``: whether one of its test codes was activated and asked about."""

    product: Product
    passed: bool


def products_with_codes(products: QuerySet[Product]) -> list[TestedProduct]:
    """Those among a seller's products that are delivered by codes, and whether they were tested."""
    kinds = [kind.code for kind in product_types().values() if kind.issues_codes]
    coded = products.filter(product_type__in=kinds).exclude(status=Product.Status.STOPPED)
    found = list(coded.defer(*_TEXTS).order_by("-pk")[:PAGE])
    passed = _passed(found)
    return [TestedProduct(product, product.pk in passed) for product in found]


def _passed(products: Sequence[Product]) -> set[int]:
    tests = LicenseCode.objects.filter(product__in=products, subscription=None, activated_at__isnull=False)
    asked = tests.values("product").annotate(last=Max("queried_at")).filter(last__isnull=False)
    return set(asked.values_list("product", flat=True))


def codes_of_tests(products: QuerySet[Product], seller: Seller, *, after: str = "") -> Page[LicenseCode]:
    """Of these products of the seller, newest first."""
    rows = LicenseCode.objects.filter(seller=seller, subscription=None, product__in=products).select_related("product")
    return page(rows.defer(*(f"product__{text}" for text in _TEXTS)), after=after, size=PAGE)
