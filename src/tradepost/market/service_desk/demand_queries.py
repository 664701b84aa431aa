"""What is read of demands: an asker's own, all for operators, and what a seller was asked for."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import Card, Search
from tradepost.market.identity.models import Seller, User

from .models import CustomerDemand, Demand

MOST_CANDIDATES = 8


def demands_of(buyer: User, *, after: str = "", size: int = 20) -> Page[Demand]:
    """Newest first."""
    return page(Demand.objects.filter(buyer=buyer).select_related("product"), after=after, size=size)


def all_demands(*, status: str = "", after: str = "", size: int = 25) -> Page[Demand]:
    demands = Demand.objects.select_related("seller", "product")
    return page(demands.filter(status=status) if status else demands, after=after, size=size)


def find_demand(pk: int) -> Demand | None:
    return Demand.objects.select_related("buyer", "product__seller", "seller").filter(pk=pk).first()


def passed_of(demand: Demand) -> list[CustomerDemand]:
    """To whom it was passed, newest first."""
    return list(CustomerDemand.objects.filter(demand=demand).select_related("seller", "product").order_by("-pk"))


def customer_demands_of(seller: Seller, *, status: str = "", after: str = "", size: int = 20) -> Page[CustomerDemand]:
    return page(_of(seller).filter(status=status) if status else _of(seller), after=after, size=size)


def customer_demand_of(seller: Seller, pk: int) -> CustomerDemand | None:
    return _of(seller).filter(pk=pk).first()


def to_answer(seller: Seller) -> Count:
    """How many wait for this seller."""
    return count_up_to(CustomerDemand.objects.filter(seller=seller, status=CustomerDemand.Status.WAITING))


def _of(seller: Seller) -> QuerySet[CustomerDemand]:
    return CustomerDemand.objects.filter(seller=seller).select_related("demand", "product", "seller")


def waiting() -> QuerySet[Demand]:
    """Those that wait for an operator, the most urgent first."""
    return Demand.objects.filter(status=Demand.Status.OPEN).order_by("due_at", "pk")


def candidates(text: str) -> list[Product]:
    """Products that an answer may name: by key, by the end of the address, or by words as buyers search."""
    text = text.strip()
    slug = text.rstrip("/").rpartition("/")[2]
    pk = whole_number(text, digits=9)
    exact = shelf_queries.product_on_sale(pk=pk) if pk else shelf_queries.product_on_sale(slug=slug) if slug else None
    if exact is not None:
        return [exact]
    found = shelf_queries.shelf(Search(q=text[:100]), size=MOST_CANDIDATES) if text else None
    return [card.product for card in found.page.rows] if found else []


def card_of(product: Product) -> Card | None:
    """How the store shows it; None for what it does not show."""
    return shelf_queries.card(product.pk)


def products_to_offer(seller: Seller) -> list[Product]:
    """What a seller may name."""
    own = Product.objects.filter(seller=seller, status=Product.Status.ON_SALE)
    return list(own.only("pk", "name", "name_en").order_by("name", "pk")[:200])


def sellers_named(text: str) -> list[Seller]:
    """Sellers that a demand may be passed to, by a part of their name or their address in the store."""
    text = text.strip()[:100]
    if not text:
        return []
    named = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(slug=text)
    return list(Seller.objects.filter(named, status=Seller.Status.ACTIVE).order_by("name", "pk")[:MOST_CANDIDATES])


def selling(pk: int) -> Seller | None:
    return Seller.objects.filter(pk=pk, status=Seller.Status.ACTIVE).first()
