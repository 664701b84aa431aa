"""What the demo sells, read from its data files and checked against what the rest of the demo knows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tradepost.market.catalog.first_categories import SLUGS

from .data_files import BadData, Data, read
from .people import sellers
from .shapes import DemoProduct

FILES = ("industry_products.toml", "office_products.toml")
"""In the order of listing: the shelf shows the newest first, which are the demo seller's."""


class ProductFile(Data, frozen=True, kw_only=True):
    product: tuple[DemoProduct, ...]


@cache
def products() -> tuple[DemoProduct, ...]:
    """All of them, in the order in which they are listed. Raises ``BadData`` with the file and the key that is wrong."""
    found: list[DemoProduct] = []
    for name in FILES:
        listed = read(name, ProductFile).product
        check(listed, name=name, taken={product.slug for product in found})
        found += listed
    return tuple(found)


def check(listed: tuple[DemoProduct, ...], *, name: str, taken: set[str]) -> None:
    """Raises ``BadData`` for the first product that names what is not there, or repeats a slug of ``taken``."""
    known = {"seller": {seller.slug for seller in sellers()}, "category": SLUGS}
    slugs = set(taken)
    for number, product in enumerate(listed):
        at = f"{name}: product[{number}]"
        for key, there in known.items():
            if (slug := getattr(product, key)) not in there:
                raise BadData(f"{at}.{key}: {slug} is none of {', '.join(sorted(there))}")
        if product.slug in slugs:
            raise BadData(f"{at}.slug: there is another product {product.slug}")
        if not (files(__package__) / "pictures" / f"{product.slug}.svg").is_file():
            raise BadData(f"{at}.slug: there is no picture pictures/{product.slug}.svg")
        for key, wrong in product.problems():
            raise BadData(f"{at}.{key}: {wrong}")
        slugs.add(product.slug)
