"""Products with editions and tiers, and upgrade rules between them."""

from __future__ import annotations

from decimal import Decimal

from tests.factories import make_product
from tests.factories.products import MONTHLY, make_sku, make_spec
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Price, Sku
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.models import Sku as SkuRow
from tradepost.market.catalog.price_models import PriceModel

TIER, STEP = PriceModel.TIER, PriceModel.STEP


EDITIONS = [{"code": "edition", "name": "版本", "name_en": "Edition", "values": [
    {"code": code, "name": code, "name_en": code} for code in ("a", "b")
]}]  # fmt: skip


def sku(edition: str, *prices: Price, max_quantity: int = 100) -> Sku:
    return make_sku(
        *prices, values={"edition": edition}, quantity_name="席位", quantity_name_en="Seats", quantity_max=max_quantity
    )


def monthly(amount: str) -> Price:
    return replace(MONTHLY, amount=Decimal(amount))


def editions(a: tuple[Price, ...], b: tuple[Price, ...]) -> tuple[Product, str, str]:
    product = make_product(specs=(make_spec(sku("a", *a), sku("b", *b), attributes=EDITIONS),))
    first, second = SkuRow.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True)
    return product, first, second
