"""A service of each kind of product in each charging mode."""

from __future__ import annotations

from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import charging_of
from tradepost.market.product_types.contract import DeliveryMethod
from tradepost.market.product_types.registry import product_types
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import ChargingMode

from .buying import make_order, make_subscription
from .images import make_idle_image, make_image, make_server_row
from .people import make_address, make_buyer, make_member, make_seller
from .products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, make_offer, make_product

PRICES = {one.charging_mode: one for one in (MONTHLY, ONCE, ON_DEMAND, PACKAGE)}
EVERY_KIND = [(code, str(mode)) for code, kind in product_types().items() for mode in kind.charging_modes]
"""Codes of kinds, with the charging modes in which each can be sold."""


def service_of_kind(code: str, mode: str, *, seller: Seller | None = None) -> Subscription:
    """Return an active service. Its seller has a member, and a production address if the kind needs one."""
    seller = seller or make_seller()
    if not seller.members.exists():
        make_member(seller, make_buyer())
    kind, buyer = product_types()[code], make_buyer()
    if kind.delivery is DeliveryMethod.COMPUTE:
        server = make_server_row(buyer, make_image(seller))
        service = server.service_id if mode == ChargingMode.ON_DEMAND else make_idle_image(buyer, server).service_id
        return fetched(service or 0)
    needed = charging_of(mode).needs
    modes = [needed, ChargingMode(mode)] if needed else [ChargingMode(mode)]
    address = make_address(seller, protocol=kind.protocols[0]) if kind.needs_interface else None
    product = make_product(
        seller, product_type=code, prices=tuple(PRICES[one] for one in modes), address=address, bound=address is not None
    )  # fmt: skip
    held = [make_subscription(make_order(buyer, offer=make_offer(product, mode=one), paid=True)) for one in modes]
    return fetched(held[-1].pk)


def fetched(pk: int) -> Subscription:
    return Subscription.objects.select_related("buyer", "seller", "product", "offer__sku__spec").get(pk=pk)
