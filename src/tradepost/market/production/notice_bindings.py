"""Choose which address is notified of orders, by product type or by product (saas-v1-license D1).

A binding of one product takes precedence over that of its type. A product without either is sold as before: nothing is sent.
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
    """Names of the installed protocols that can notify of an order."""
    return tuple(name for name, one in protocols().items() if NotifyOrder in one.activities)


def notifies(address: Address) -> bool:
    return address.protocol in notice_protocols()


def bind_type(seller: Seller, code: str, address: Address | None) -> None:
    """Notify ``address`` of orders of all products of a type; None ends it. Raises ``Refused``."""
    _notified_type(code)
    _bind(seller, address, product=None, product_type=code)


def bind_product(product: Product, address: Address | None) -> None:
    """Notify ``address`` of a product's orders; with None the binding of its type applies again. Raises ``Refused``."""
    _notified_type(product.product_type)
    _bind(product.seller, address, product=product, product_type="")


def _notified_type(code: str) -> None:
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
        # Locked as where an address is deleted: a binding never names a deleted one.
        found = Address.objects.select_for_update(no_key=True, of=("self",)).get(pk=address.pk)
        if found.seller_id != seller.pk or found.removed_at is not None:
            raise Refused("address.foreign", _("There is no such address."), HTTPStatus.NOT_FOUND, field="address")
        if not notifies(found):
            words = _("This address does not use the order notification protocol. Register one that does.")
            raise Refused("notice.protocol", words, HTTPStatus.CONFLICT, field="address")
        NoticeBinding.objects.update_or_create(
            seller=seller, product=product, product_type=product_type, defaults={"address": found}
        )


class Notified(Struct, frozen=True):
    """Where a product's orders are notified. ``by_type``: by the binding of its type."""

    product_id: int
    address: Address
    by_type: bool


def notified_at(products: Iterable[Product]) -> dict[int, Notified]:
    """By product, for those whose orders are notified. Two queries, none for no products."""
    wanted = {product.pk: product for product in products}
    if not wanted:
        return {}
    sellers = {product.seller_id for product in wanted.values()}
    by_type: dict[tuple[int, str], Address] = {}
    by_product: dict[int, Address] = {}
    bindings = NoticeBinding.objects.select_related("address").filter(
        Q(product=None, seller__in=sellers) | Q(product__in=list(wanted))
    )
    for one in bindings:
        if one.product_id is None:
            by_type[one.seller_id, one.product_type] = one.address
        else:
            by_product[one.product_id] = one.address
    found = {}
    for pk, product in wanted.items():
        own, shared = by_product.get(pk), by_type.get((product.seller_id, product.product_type))
        if (address := own or shared) is not None:
            found[pk] = Notified(pk, address, own is None)
    return found


def is_notified() -> Q:
    """Condition on products: whether their orders are notified."""
    by_type = NoticeBinding.objects.filter(seller=OuterRef("seller"), product_type=OuterRef("product_type"))
    return Q(notice_binding__isnull=False) | Q(Exists(by_type))


def bindings_of(seller: Seller) -> list[NoticeBinding]:
    """The seller's bindings with address and product, those of types first."""
    return list(
        NoticeBinding.objects.filter(seller=seller)
        .select_related("address", "product")
        .order_by("-product_type", "product__name", "pk")
    )


def types_of(products: Collection[Product]) -> list[str]:
    """Codes of the types of these products whose orders can be notified, in the order of the registry."""
    sold = {product.product_type for product in products}
    return [code for code, kind in product_types().items() if code in sold and kind.order_notices]
