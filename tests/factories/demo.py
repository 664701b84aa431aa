"""The demo's market for tests of something else: its products are listed at once, without the road that they go in a demo."""

from __future__ import annotations

from datetime import datetime

from tradepost.market import seed
from tradepost.market.base.config import config
from tradepost.market.catalog.listing import list_draft
from tradepost.market.catalog.models import Product
from tradepost.market.seed.products import products


def demo_on_sale(now: datetime, *, seller_address: str) -> seed.SeedResult:
    """Loaded, and everything on the shelf in the order of the demo."""
    loaded = seed.load(now, seller_address=seller_address)
    for product in products():
        put_on_sale(product.slug, now)
    return loaded


def put_on_sale(slug: str, now: datetime) -> None:
    """List this product of the demo, where it is not listed yet."""
    draft = Product.objects.filter(slug=slug, status=Product.Status.DRAFT).first()
    if draft is not None:
        list_draft(draft, currency=config().currency, now=now)
