"""What the store shows when the standing of a seller changes: products of one that is suspended, or left, are not on the shelf."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.identity.events import SellerExited, SellerResumed, SellerSuspended

from .shelf import refresh_seller


def on_seller_suspended(event: SellerSuspended, _now: datetime) -> None:
    refresh_seller(event.seller)


def on_seller_resumed(event: SellerResumed, _now: datetime) -> None:
    refresh_seller(event.seller)


def on_seller_exited(event: SellerExited, _now: datetime) -> None:
    refresh_seller(event.seller)
