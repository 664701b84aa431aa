"""What the shelf does when a seller may sell no longer, or again."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.identity.events import SellerExited, SellerResumed, SellerSuspended

from . import shelf


def on_seller_standing(event: SellerSuspended | SellerResumed | SellerExited, _now: datetime) -> None:
    """Reaction: products of a seller who may not sell leave the shelf, and come back with them."""
    shelf.refresh_seller(event.seller)
