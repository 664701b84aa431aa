"""Keep the shelf current when a seller may no longer sell, may sell again, or a category has another name."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.identity.events import SellerExited, SellerResumed, SellerSuspended

from . import shelf
from .events import CategoryRenamed


def on_seller_standing(event: SellerSuspended | SellerResumed | SellerExited, _now: datetime) -> None:
    """Reaction: products of a seller who may not sell leave the shelf, and come back with them."""
    shelf.refresh_seller(event.seller)


def on_category_renamed(event: CategoryRenamed, now: datetime) -> None:
    """Reaction: index the next products of the category, and publish the event again for those after them."""
    last = shelf.refresh_category(event.category, after=event.after)
    if last is not None:
        outbox.publish(CategoryRenamed(category=event.category, after=last), now=now)
