"""Choose the address for order notifications, by product type or product (saas-v1-license D1).

The binding of a product takes precedence over that of its type. Orders of products without either are not notified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.registry import product_types
from tradepost.protocols.commands import NotifyOrder
from tradepost.protocols.registry import protocols

from .models import Address, NoticeBinding


def notice_protocols() -> tuple[str, ...]:
    """Return the installed protocols that can notify of orders."""
    return tuple(name for name, protocol in protocols().items() if NotifyOrder in protocol.activities)


def receives_notices(address: Address) -> bool:
    return address.protocol in notice_protocols()


def bind_type(seller: Seller, code: str, address: Address | None) -> None:
    """Notify ``address`` of orders of all products of a type; None ends it. Raises ``Refused``."""
    _check_type(code)
    _bind(seller, address, product=None, product_type=code)


def bind_product(product: Product, address: Address | None) -> None:
    """Notify ``address`` of a product's orders; with None the binding of its type applies again. Raises ``Refused``."""
    _check_type(product.product_type)
    _bind(product.seller, address, product=product, product_type="")


def _check_type(code: str) -> None:
    kind = product_types().get(code)
    if kind is None or not kind.order_notices:
        raise Refused(
            "notice.type", _("Orders of this product type are not notified."), HTTPStatus.CONFLICT, field="address"
        )


def _bind(seller: Seller, address: Address | None, *, product: Product | None, product_type: str) -> None:
    with transaction.atomic():
        if address is None:
            NoticeBinding.objects.filter(seller=seller, product=product, product_type=product_type).delete()
            return
        # The same lock as for deletion, so that no binding refers to a deleted address.
        locked_address = Address.objects.select_for_update(no_key=True, of=("self",)).get(pk=address.pk)
        if locked_address.seller_id != seller.pk or locked_address.removed_at is not None:
            raise Refused("address.foreign", _("This address does not exist."), HTTPStatus.NOT_FOUND, field="address")
        if not receives_notices(locked_address):
            message = _("This address does not use the order notification protocol. Register one that does.")
            raise Refused("notice.protocol", message, HTTPStatus.CONFLICT, field="address")
        NoticeBinding.objects.update_or_create(
            seller=seller, product=product, product_type=product_type, defaults={"address": locked_address}
        )


class NoticeTarget(Struct, frozen=True):
    """Address for a product's order notifications. ``by_type``: from the binding of its type."""

    product_id: int
    address: Address
    by_type: bool


def notified_at(products: Iterable[Product]) -> dict[int, NoticeTarget]:
    """Return the addresses by product key, in two queries; products without notifications are left out."""
    by_key = {product.pk: product for product in products}
    if not by_key:
        return {}
    sellers = {product.seller_id for product in by_key.values()}
    by_type: dict[tuple[int, str], Address] = {}
    by_product: dict[int, Address] = {}
    bindings = NoticeBinding.objects.select_related("address").filter(
        Q(product=None, seller__in=sellers) | Q(product__in=list(by_key))
    )
    for binding in bindings:
        if binding.product_id is None:
            by_type[binding.seller_id, binding.product_type] = binding.address
        else:
            by_product[binding.product_id] = binding.address
    targets = {}
    for pk, product in by_key.items():
        product_address, type_address = by_product.get(pk), by_type.get((product.seller_id, product.product_type))
        if (address := product_address or type_address) is not None:
            targets[pk] = NoticeTarget(pk, address, product_address is None)
    return targets


def is_notified() -> Q:
    """Return the condition for products with order notifications."""
    by_type = NoticeBinding.objects.filter(seller=OuterRef("seller"), product_type=OuterRef("product_type"))
    return Q(notice_binding__isnull=False) | Q(Exists(by_type))


def bindings_of(seller: Seller) -> list[NoticeBinding]:
    """Return the seller's bindings with address and product; type bindings first."""
    return list(
        NoticeBinding.objects.filter(seller=seller)
        .select_related("address", "product")
        .order_by("-product_type", "product__name", "pk")
    )


def types_of(products: Collection[Product]) -> list[str]:
    """Return the type codes of these products that support notifications, in registry order."""
    sold_types = {product.product_type for product in products}
    return [code for code, kind in product_types().items() if code in sold_types and kind.order_notices]
