"""The addresses that serve a product, for probes, health, pages and notices.

They are its production interface, the joint-operation address of its application (openapi-jointkit §A.10, §B.1), and
the address for order notifications (saas-v1-license D1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Product
from tradepost.market.production.models import Address, Binding
from tradepost.market.production.notice_bindings import notified_at


class Serving(Struct, frozen=True):
    """An address of a product.

    ``application``: name of the application for joint-operation calls; empty for the production interface. ``notices``:
    whether it receives order notifications.
    """

    product_id: int
    address: Address
    application: str = ""
    notices: bool = False


def served_at(products: Iterable[int]) -> list[Serving]:
    """Return the addresses of these products (keys): production interfaces first, notifications last.

    Joint-operation calls go to the application's address; services bound elsewhere are moved by their sellers (§B.1).
    """
    keys = list(products)
    products_by_key = Product.objects.filter(pk__in=keys).only("pk", "seller", "product_type").order_by("pk")
    bindings = Binding.objects.select_related("address").filter(product__in=keys).order_by("product")
    joint = (
        Application.objects.select_related("address").filter(product__in=keys).order_by("product").defer("public_key")
    )
    return [
        *(Serving(row.product_id, row.address) for row in bindings),
        *(Serving(row.product_id, row.address, row.name) for row in joint if row.product_id is not None),
        *(Serving(row.product_id, row.address, notices=True) for row in notified_at(products_by_key).values()),
    ]


def applications_of(product: int) -> Mapping[int, str]:
    """Return the application's name by address key; empty if the product is not a joint product."""
    return {
        serving_address.address.pk: serving_address.application
        for serving_address in served_at([product])
        if serving_address.application
    }
