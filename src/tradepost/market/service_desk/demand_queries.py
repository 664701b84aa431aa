"""Queries for demands of a requester, demands passed to a seller, and all demands for operators."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import Card, Search
from tradepost.market.identity.models import Seller, User

from .models import CustomerDemand, Demand

MAX_CANDIDATES = 8


def demands_of(buyer: User, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[Demand]:
    """Return a page of demands, newest first."""
    return page(
        within(Demand.objects.filter(buyer=buyer), "created_at").select_related("product"), after=after, size=size
    )


def all_demands(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Demand]:
    demands = between(Demand.objects.all(), "created_at", since, until).select_related("seller", "product")
    return page(demands.filter(status=status) if status else demands, after=after, size=size)


def find_demand(pk: int) -> Demand | None:
    return Demand.objects.select_related("buyer", "product__seller", "seller").filter(pk=pk).first()


def customer_demands_from(demand: Demand) -> list[CustomerDemand]:
    """Return the sellers that the demand was passed to, newest first."""
    return list(CustomerDemand.objects.filter(demand=demand).select_related("seller", "product").order_by("-pk"))


def customer_demands_of(
    seller: Seller, *, status: str = "", within: Within = any_time, after: str = "", size: int = 20
) -> Page[CustomerDemand]:
    demands = within(_demands_of_seller(seller), "passed_at")
    return page(demands.filter(status=status) if status else demands, after=after, size=size)


def customer_demand_of(seller: Seller, pk: int) -> CustomerDemand | None:
    return _demands_of_seller(seller).filter(pk=pk).first()


def count_to_answer(seller: Seller) -> Count:
    """Return the number of demands that wait for this seller."""
    return count_up_to(CustomerDemand.objects.filter(seller=seller, status=CustomerDemand.Status.WAITING))


def _demands_of_seller(seller: Seller) -> QuerySet[CustomerDemand]:
    return CustomerDemand.objects.filter(seller=seller).select_related("demand", "product", "seller")


def waiting_demands() -> QuerySet[Demand]:
    """Return demands that wait for an operator, the most urgent first."""
    return Demand.objects.filter(status=Demand.Status.OPEN).order_by("due_at", "pk")


def answer_candidates(text: str) -> list[Product]:
    """Return products for an answer: by key, by the end of an address, or by search words."""
    text = text.strip()
    slug = text.rstrip("/").rpartition("/")[2]
    pk = whole_number(text, digits=9)
    exact_product = (
        shelf_queries.product_on_sale(pk=pk) if pk else shelf_queries.product_on_sale(slug=slug) if slug else None
    )
    if exact_product is not None:
        return [exact_product]
    results = shelf_queries.shelf(Search(q=text[:100]), size=MAX_CANDIDATES) if text else None
    return [card.product for card in results.page.rows] if results else []


def card_of(product: Product) -> Card | None:
    """Return the product's card in the store; None if the store does not show it."""
    return shelf_queries.card(product.pk)


def products_to_offer(seller: Seller) -> list[Product]:
    """Return the products that a seller may offer."""
    products = Product.objects.filter(seller=seller, status=Product.Status.ON_SALE)
    return list(products.only("pk", "name", "name_en").order_by("name", "pk")[:200])


def find_sellers(text: str) -> list[Seller]:
    """Return sellers for a demand, by a part of the name or by the address in the store."""
    text = text.strip()[:100]
    if not text:
        return []
    condition = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(slug=text)
    return list(Seller.objects.filter(condition, status=Seller.Status.ACTIVE).order_by("name", "pk")[:MAX_CANDIDATES])


def active_seller(pk: int) -> Seller | None:
    return Seller.objects.filter(pk=pk, status=Seller.Status.ACTIVE).first()
