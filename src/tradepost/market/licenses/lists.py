"""Lists of codes and applications for sellers and operators. The licenses themselves stay sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page, page_by_moment
from tradepost.market.base.pk_times import between
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.registry import product_types

from .code_models import LicenseCode
from .models import LicenseRequest

_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")
PAGE = 25


class ListFilters(Struct, frozen=True, kw_only=True):
    """Filters of a list; empty fields match everything. ``search``: a full code, event id or instance id."""

    status: str = ""
    search: str = ""
    seller: str = ""
    """Primary key of a seller, used by operators."""
    since: datetime | None = None
    until: datetime | None = None
    """Bounds of the time when a code was issued or a license applied for; ``until`` is exclusive."""


def sold_codes(
    filters: ListFilters, *, seller: Seller | None = None, after: str = "", size: int = PAGE
) -> Page[LicenseCode]:
    """Return codes of purchases, newest first, of one seller or of all."""
    sold_rows = between(LicenseCode.objects.exclude(subscription=None), "issued_at", filters.since, filters.until)
    rows = _of(sold_rows, filters, seller)
    if filters.search:
        rows = rows.filter(code=filters.search)
    return page(_with_service(rows), after=after, size=size)


def requests(
    filters: ListFilters, *, seller: Seller | None = None, after: str = "", size: int = PAGE
) -> Page[LicenseRequest]:
    """Return applications for licenses, newest first. A refused application keeps its key when it is repeated."""
    time_bounds = {"asked_at__gte": filters.since, "asked_at__lt": filters.until}
    candidates = LicenseRequest.objects.filter(
        **{bound: moment for bound, moment in time_bounds.items() if moment is not None}
    )
    rows = _of(candidates, filters, seller).defer("sealed_license")
    if filters.search:
        rows = rows.filter(event_id=filters.search)
    along = ("seller",) if seller is not None or filters.seller else ()
    along = (*along, "status") if filters.status else along
    return page_by_moment(_with_service(rows), "asked_at", after=after, size=size, along=along)


def code_of_seller(seller: Seller, pk: int) -> LicenseCode | None:
    return _with_service(LicenseCode.objects.filter(seller=seller, pk=pk).exclude(subscription=None)).first()


def _of[M: (LicenseCode, LicenseRequest)](
    rows: QuerySet[M], filters: ListFilters, seller: Seller | None
) -> QuerySet[M]:
    if seller is not None:
        rows = rows.filter(seller=seller)
    elif filters.seller:
        rows = rows.filter(seller=whole_number(filters.seller) or 0)  # no row has the key 0
    return rows.filter(status=filters.status) if filters.status else rows


def _with_service[M: (LicenseCode, LicenseRequest)](rows: QuerySet[M]) -> QuerySet[M]:
    sealed_columns = ("subscription__sealed_access", "subscription__sealed_license")
    texts = (f"subscription__product__{text}" for text in _TEXTS)
    return rows.select_related("subscription__product", "subscription__buyer", "seller").defer(*sealed_columns, *texts)


# --- test codes -----------------------------------------------------------------------------------------------------------


class TestedProduct(Struct, frozen=True):
    """A product with its test result. ``passed``: whether a test code was activated and queried."""

    product: Product
    passed: bool


def products_with_codes(products: QuerySet[Product]) -> list[TestedProduct]:
    """Return the seller's products that are delivered by codes, with their test results."""
    kinds = [kind.code for kind in product_types().values() if kind.issues_codes]
    coded_products = products.filter(product_type__in=kinds).exclude(status=Product.Status.STOPPED)
    rows = list(coded_products.defer(*_TEXTS).order_by("-pk")[:PAGE])
    passed_products = _passed(rows)
    return [TestedProduct(product, product.pk in passed_products) for product in rows]


def _passed(products: Sequence[Product]) -> set[int]:
    tests = LicenseCode.objects.filter(product__in=products, subscription=None, activated_at__isnull=False)
    queried_products = tests.values("product").annotate(last=Max("queried_at")).filter(last__isnull=False)
    return set(queried_products.values_list("product", flat=True))


def codes_of_tests(
    products: QuerySet[Product], seller: Seller, *, after: str = "", size: int = PAGE
) -> Page[LicenseCode]:
    """Return test codes of these products, newest first."""
    rows = LicenseCode.objects.filter(seller=seller, subscription=None, product__in=products).select_related("product")
    return page(rows.defer(*(f"product__{text}" for text in _TEXTS)), after=after, size=size)
