"""Keep the shelf current when a seller is suspended, resumes or leaves, or a category is renamed."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.identity.events import SellerExited, SellerResumed, SellerSuspended

from . import shelf
from .events import CategoryRenamed


def on_seller_standing(event: SellerSuspended | SellerResumed | SellerExited, _now: datetime) -> None:
    """Reaction: remove the products of a seller who may not sell from the shelf, and add them again afterwards."""
    shelf.refresh_seller(event.seller)


def on_category_renamed(event: CategoryRenamed, now: datetime) -> None:
    """Reaction: index the next products of the category, and publish the event again for the remaining ones."""
    last_key = shelf.refresh_category(event.category, after=event.after)
    if last_key is not None:
        outbox.publish(CategoryRenamed(category=event.category, after=last_key), now=now)
