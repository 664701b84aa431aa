"""The demo's products, read from data files and checked."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tradepost.market.catalog.first_categories import SLUGS

from .data_files import DataTable, InvalidData, read
from .people import sellers
from .shapes import DemoProduct

FILES = ("industry_products.toml", "office_products.toml")
"""In the order of listing. The store shows the newest first, which are the demo seller's."""


class ProductFile(DataTable, frozen=True, kw_only=True):
    product: tuple[DemoProduct, ...]


@cache
def products() -> tuple[DemoProduct, ...]:
    """Return all products in the order of listing. Raises ``InvalidData`` with the file and the invalid key."""
    all_products: list[DemoProduct] = []
    for name in FILES:
        listed_products = read(name, ProductFile).product
        check(listed_products, name=name, taken={product.slug for product in all_products})
        all_products += listed_products
    return tuple(all_products)


def check(listed: tuple[DemoProduct, ...], *, name: str, taken: set[str]) -> None:
    """Raise ``InvalidData`` for the first product with an unknown reference or a repeated slug."""
    allowed_values = {"seller": {seller.slug for seller in sellers()}, "category": SLUGS}
    slugs = set(taken)
    for number, product in enumerate(listed):
        location = f"{name}: product[{number}]"
        for key, known_values in allowed_values.items():
            if (slug := getattr(product, key)) not in known_values:
                raise InvalidData(f"{location}.{key}: {slug} is none of {', '.join(sorted(known_values))}")
        if product.slug in slugs:
            raise InvalidData(f"{location}.slug: there is another product {product.slug}")
        if not (files(__package__) / "pictures" / f"{product.slug}.svg").is_file():
            raise InvalidData(f"{location}.slug: there is no picture pictures/{product.slug}.svg")
        for key, problem in product.problems():
            raise InvalidData(f"{location}.{key}: {problem}")
        slugs.add(product.slug)
