"""Products on sale, each with one spec, SKU and offer by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from tradepost.market.catalog import document as sold
from tradepost.market.catalog.document import Document, Factor, Price, Quantity, Sku, Spec
from tradepost.market.catalog.listing import draft_product, list_draft
from tradepost.market.catalog.models import Category, Offer, Product
from tradepost.market.identity.models import Seller
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .people import NOW, make_address, make_seller

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#0d5c8f"/></svg>'
MONTHLY = Price(charging_mode=ChargingMode.PERIOD, amount=Decimal(100), period_type="month", period_numbers=(1, 3, 6))
YEARLY = Price(charging_mode=ChargingMode.PERIOD, amount=Decimal(1000), period_type="year", period_numbers=(1, 2))
ONCE = Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal(5000))
CALLS = Text(zh="次调用", en="calls")
ON_DEMAND = Price(
    charging_mode=ChargingMode.ON_DEMAND, factors=(Factor(code="calls", unit=CALLS, amount=Decimal("0.0025")),)
)
PACKAGE = Price(
    charging_mode=ChargingMode.ON_DEMAND_PKG, amount=Decimal(20), period_type="month", period_numbers=(1, 3),
    usage_unit=CALLS, quota=Decimal(10_000),
)  # fmt: skip
USES = Price(
    charging_mode=ChargingMode.ONE_TIME, amount=Decimal(30), usage_unit=CALLS, quota=Decimal(100), stops_when_used_up=True
)  # fmt: skip
"""A package of uses."""


def make_sku(
    *prices: Price, values: Mapping[str, str] | None = None, quantity_name: str = "", quantity_name_en: str = "",
    quantity_min: int = 1, quantity_max: int = 1, quantity_step: int = 1,
) -> Sku:  # fmt: skip
    """``values``: attribute code → value code. With ``quantity_name``, it is sold by quantity."""
    named = Text(zh=quantity_name, en=quantity_name_en)
    quantity = Quantity(name=named, least=quantity_min, most=quantity_max, step=quantity_step)
    return Sku(prices=prices, quantity=quantity if quantity_name else None, values=values or {})


def make_spec(
    *skus: Sku, name: str = "标准版", name_en: str = "Standard", attributes: Sequence[Mapping[str, Any]] = ()
) -> Spec:
    """``attributes`` as the rows have them: ``{"code": …, "name": …, "name_en": …, "values": [the same]}``."""
    return Spec(
        name=Text(zh=name, en=name_en),
        skus=skus,
        attributes=tuple(
            sold.Attribute(
                code=a["code"],
                name=Text(zh=a["name"], en=a["name_en"]),
                values=tuple(sold.Value(code=v["code"], name=Text(zh=v["name"], en=v["name_en"])) for v in a["values"]),
            )
            for a in attributes
        ),
    )


SEATS = make_sku(MONTHLY, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
_numbers = count(1)


def make_category(slug: str = "office", **fields: object) -> Category:
    defaults = {"name": "协同办公", "name_en": "Office", "icon": "apps"} | fields
    return Category.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_document(
    *, prices: tuple[Price, ...] = (MONTHLY,), specs: tuple[Spec, ...] = (), product_type: str = "SAAS",
    category: str = "office", name: str = "云文档", name_en: str = "Cloud Docs", summary: str = "多人实时协作的文档。",
    summary_en: str = "Documents written together.", description: str = "<p>多人实时协作。</p>",
    description_en: str = "<p>Write together.</p>", guide: str = "打开网址并登录。", guide_en: str = "Open the address and log in.",
    picture: str = PICTURE, contact_email: str = "help@qingxie.example", contact_phone: str = "400-800-1234",
    extend_params: Sequence[Mapping[str, Any]] = (), answers: Mapping[str, str] | None = None, **purchase: Any,
) -> Document:  # fmt: skip
    return Document(
        product_type=product_type,
        base=sold.Base(name=Text(zh=name, en=name_en), summary=Text(zh=summary, en=summary_en), category=category),
        media=sold.Media(drawing=picture),
        description=sold.Description(body=Text(zh=description, en=description_en)),
        guide=sold.Guide(body=Text(zh=guide, en=guide_en)),
        support=sold.Support(email=contact_email, phone=contact_phone),
        purchase=sold.Purchase(
            extend_params=tuple(
                sold.ExtendParam(
                    name=p["name"], label=Text(zh=p["label"], en=p["label_en"]), required=p.get("required", False)
                )
                for p in extend_params
            ),
            **purchase,
        ),
        pricing=sold.Pricing(specs=specs or (make_spec(make_sku(*prices)),)),
        details=sold.Details(fields=answers or {}),
    )


def make_product(
    seller: Seller | None = None, *, category: str = "office", on_sale: bool = True,
    address: Address | None = None, bound: bool = True, slug: str = "", now: datetime = NOW, **fields: object,
) -> Product:  # fmt: skip
    """Return a SaaS product served by a production address of its seller. ``prices`` are those of its only SKU; pass
    ``specs`` for more. Other keywords are those of ``make_document``."""
    seller = seller or make_seller(now=now)
    make_category(category)
    number = next(_numbers)
    named = {"name": f"云文档{number}", "name_en": f"Cloud Docs {number}", "category": category} | fields
    document = make_document(**named)  # type: ignore[arg-type]  # a test's own words
    product = draft_product(seller, document, slug=slug or f"docs-{number}", now=now)
    if bound:
        addresses.bind(product, address or make_address(seller, now=now))
    if on_sale:
        product = list_draft(product, currency="CNY", now=now)
    return product


def make_offer(product: Product | None = None, *, mode: str = "", **fields: object) -> Offer:
    """Return the first offer of a product, or its first in a charging ``mode``. Without a product, one is made with
    ``fields``."""
    product = product or make_product(**fields)  # type: ignore[arg-type]  # passed on as they are
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product=product).order_by("pk")
    return (own.filter(charging_mode=mode) if mode else own)[0]
