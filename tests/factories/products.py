"""Products on sale, with a spec, a SKU and an offer each unless a test says more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from tradepost.market.catalog.listing import list_product, put_on_sale
from tradepost.market.catalog.models import Category, Offer, Product
from tradepost.market.catalog.new_product import ListProduct, NewSku, NewSpec, Price
from tradepost.market.identity.models import Seller
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode

from .people import NOW, make_address, make_seller

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#0d5c8f"/></svg>'
MONTHLY = Price(charging_mode=ChargingMode.PERIOD, amount=Decimal(100), period_type="month", period_numbers=(1, 3, 6))
YEARLY = Price(charging_mode=ChargingMode.PERIOD, amount=Decimal(1000), period_type="year", period_numbers=(1, 2))
ONCE = Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal(5000))
ON_DEMAND = Price(
    charging_mode=ChargingMode.ON_DEMAND, amount=Decimal("0.0025"), usage_unit="次调用", usage_unit_en="calls"
)
PACKAGE = Price(
    charging_mode=ChargingMode.ON_DEMAND_PKG, amount=Decimal(20), period_type="month", period_numbers=(1, 3),
    usage_unit="次调用", usage_unit_en="calls", quota=Decimal(10_000),
)  # fmt: skip
SEATS = NewSku(prices=(MONTHLY,), quantity_name="席位", quantity_name_en="Seats", quantity_min=1, quantity_max=50)
_numbers = count(1)


def make_category(slug: str = "office", **fields: object) -> Category:
    defaults = {"name": "协同办公", "name_en": "Office", "icon": "apps"} | fields
    return Category.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_product(
    seller: Seller | None = None, *, prices: tuple[Price, ...] = (MONTHLY,), specs: tuple[NewSpec, ...] = (),
    category: str = "office", on_sale: bool = True, sells_metered: bool = True, address: Address | None = None, bound: bool = True,
    now: datetime = NOW, **fields: object,
) -> Product:  # fmt: skip
    """A SaaS product, served at a production address of its seller. ``prices`` are those of its only SKU; give
    ``specs`` for more. Other keywords are fields of ``ListProduct``."""
    seller = seller or make_seller(now=now)
    make_category(category)
    number = next(_numbers)
    command = ListProduct(
        product_type="SAAS", category=category, slug=f"docs-{number}", name=f"云文档{number}", name_en=f"Cloud Docs {number}",
        summary="多人实时协作的文档。", summary_en="Documents written together.", description="<p>多人实时协作。</p>",
        description_en="<p>Write together.</p>", guide="打开网址并登录。", guide_en="Open the address and log in.",
        picture=PICTURE, contact_email="help@qingxie.example", contact_phone="400-800-1234", currency="CNY",
        specs=specs or (NewSpec(name="标准版", name_en="Standard", skus=(NewSku(prices=prices),)),),
    )  # fmt: skip
    command = replace(command, **fields)  # type: ignore[arg-type]  # a test's own words
    product = list_product(seller, command, now=now, sells_metered=sells_metered)
    if bound:
        addresses.bind(product, address or make_address(seller, now=now))
    if on_sale:
        put_on_sale(product, now=now, sells_metered=sells_metered)
    return product


def make_offer(product: Product | None = None, *, mode: str = "", **fields: object) -> Offer:
    """The first offer of a product (made with ``fields`` when none is given), or its first in a charging ``mode``."""
    product = product or make_product(**fields)  # type: ignore[arg-type]  # passed on as they are
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product=product).order_by("pk")
    return (own.filter(charging_mode=mode) if mode else own)[0]
