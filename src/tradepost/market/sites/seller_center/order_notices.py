"""Choose the address for order notifications by product type or product, on the page of production addresses
(saas-v1-license D1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.registry import product_type, product_types
from tradepost.market.production import notice_bindings, seller_queries
from tradepost.market.production.models import Address, NoticeBinding
from tradepost.market.web.pages import require_choice
from tradepost.protocols.commands import NotifyOrder
from tradepost.protocols.registry import protocol

from .frame import SellerRequest, or_404, products_of, seller_page


class NoticeRow(Struct, frozen=True, kw_only=True):
    """A product type or product with its notification address. ``shared``: the type's address, which applies to a
    product without its own."""

    action: str
    product: Product | None = None
    title: str = ""
    """Title of a product type."""
    address: Address | None = None
    shared: Address | None = None
    granted: bool = True
    """Whether the reader may choose its address."""

    @property
    def debugged(self) -> bool:
        """Return whether the debug case is saved at the address that applies."""
        at = self.address or self.shared
        return at is None or protocol(at.protocol).activities[NotifyOrder] in at.proven


def notice_addresses(own: Sequence[Address]) -> list[Address]:
    return [address for address in own if notice_bindings.receives_notices(address)]


def notice_rows(
    bindings: Sequence[NoticeBinding], products: Sequence[Product], closed: Collection[str]
) -> list[NoticeRow]:
    """Return the rows, types first. A type without a visible product is shown while it is bound. ``closed``: types that
    the reader may not change."""
    by_type = {binding.product_type: binding.address for binding in bindings if binding.product_id is None}
    by_product = {binding.product_id: binding.address for binding in bindings if binding.product_id is not None}
    codes = dict.fromkeys([*notice_bindings.types_of(products), *(code for code in by_type if code in product_types())])
    types = [
        NoticeRow(
            action=reverse("seller_center:notices_of_type", args=[code]),
            title=product_type(code).title.in_language(get_language()),
            address=by_type.get(code),
            granted=code not in closed,
        )
        for code in codes
    ]
    return types + [
        NoticeRow(
            action=reverse("seller_center:notices_of_product", args=[product.pk]),
            product=product,
            address=by_product.get(product.pk),
            shared=by_type.get(product.product_type),
        )
        for product in products
        if product_type(product.product_type).order_notices
    ]


def notified_titles(bindings: Sequence[NoticeBinding], visible: Collection[int]) -> list[tuple[str, Product | None]]:
    """Return the types and visible products of which an address is notified."""
    language = get_language()
    types = [
        (product_type(binding.product_type).title.in_language(language), None)
        for binding in bindings
        if binding.product_type in product_types()
    ]
    return [*types, *(("", binding.product) for binding in bindings if binding.product_id in visible)]


def closed_types(request: SellerRequest) -> set[str]:
    """Return the types with a product granted to another member, whose notifications the reader may not redirect
    (business-rules §1.7)."""
    if request.rights.owner:
        return set()
    products = Product.objects.filter(seller=request.seller).exclude(pk__in=products_of(request).values("pk"))
    return set(products.order_by().values_list("product_type", flat=True).distinct())


@require_POST
@seller_page(menu=Menu.TOOLS)
def notices_of_type(request: SellerRequest, code: str) -> HttpResponse:
    if code in closed_types(request):
        words = _("Products of this type are granted to other members. Ask the owner to choose the address.")
        raise Refused("notice.granted", words, HTTPStatus.FORBIDDEN, field="address")
    notice_bindings.bind_type(request.seller, code, _chosen_address(request))
    return _saved_redirect(request)


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def notices_of_product(request: SellerRequest, pk: int) -> HttpResponse:
    product = or_404(products_of(request).select_related("seller").filter(pk=pk).first())
    notice_bindings.bind_product(product, _chosen_address(request))
    return _saved_redirect(request)


def _chosen_address(request: SellerRequest) -> Address | None:
    """Return the chosen address of the seller; None for the empty choice."""
    choice = request.POST.get("address", "")
    if not choice:
        return None
    key = whole_number(choice)
    return require_choice(seller_queries.find_address(request.seller, key) if key is not None else None)


def _saved_redirect(request: SellerRequest) -> HttpResponse:
    messages.success(request, _("Saved. New orders are notified accordingly."))
    return redirect(f"{reverse('seller_center:addresses')}#notices")
