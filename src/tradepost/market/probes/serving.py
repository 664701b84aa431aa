"""At which addresses a product is served: its production interface, the calls of joint operation of the application that it was
published with (openapi-jointkit §A.10, §B.1), and the notifications of its orders (saas-v1-license D1). The one answer for what is
probed, judged, shown and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Product
from tradepost.market.production.models import Address, Binding
from tradepost.market.production.notice_bindings import notified_at


class Serving(Struct, frozen=True):
    """``application``: its name, where it is told of enterprises and people; empty for a product's own production interface.
    ``notices``: whether orders are notified there."""

    product_id: int
    address: Address
    application: str = ""
    notices: bool = False


def served_at(products: Iterable[int]) -> list[Serving]:
    """Of these products, by their keys; each product's own production interface first, notifications last. What an application is published with is
    called at the application's address: services that are bound elsewhere are moved by their sellers (§B.1)."""
    keys = list(products)
    known = Product.objects.filter(pk__in=keys).only("pk", "seller", "product_type").order_by("pk")
    bound = Binding.objects.select_related("address").filter(product__in=keys).order_by("product")
    joint = (
        Application.objects.select_related("address").filter(product__in=keys).order_by("product").defer("public_key")
    )
    return [
        *(Serving(one.product_id, one.address) for one in bound),
        *(Serving(one.product_id, one.address, one.name) for one in joint if one.product_id is not None),
        *(Serving(one.product_id, one.address, notices=True) for one in notified_at(known).values()),
    ]


def applications_of(product: int) -> Mapping[int, str]:
    """By the key of the address where it is told: the name of the product's application; empty for what is no joint product."""
    return {one.address.pk: one.application for one in served_at([product]) if one.application}
