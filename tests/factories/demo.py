"""The demo's market for tests: its products are listed at once, without the review that they pass in a demo."""

from __future__ import annotations

from datetime import datetime

from tradepost.market import seed
from tradepost.market.base.config import config
from tradepost.market.catalog.listing import list_draft
from tradepost.market.catalog.models import Product
from tradepost.market.seed.products import products


def demo_on_sale(now: datetime, *, seller_address: str) -> seed.SeedResult:
    """Load the demo and list all its products in its order."""
    loaded = seed.load(now, seller_address=seller_address)
    for product in products():
        put_on_sale(product.slug, now)
    return loaded


def put_on_sale(slug: str, now: datetime) -> None:
    """List this product of the demo if it is not listed yet."""
    draft = Product.objects.filter(slug=slug, status=Product.Status.DRAFT).first()
    if draft is not None:
        list_draft(draft, currency=config().currency, now=now)
