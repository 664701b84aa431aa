"""Exports of lists, with their files."""

from __future__ import annotations

from datetime import datetime

from tests.factories.people import NOW
from tradepost.market.base.config import config
from tradepost.market.exports.models import Export
from tradepost.market.exports.order import folder
from tradepost.market.identity.models import Seller, User


def make_export(
    user: User,
    listing: str,
    path: str,
    *,
    seller: Seller | None = None,
    content: bytes = b"a,b\r\n1,2\r\n",
    now: datetime = NOW,
) -> Export:
    """Return an export that is ready."""
    return Export.objects.create(
        user=user, seller=seller, site=listing.partition(":")[0], listing=listing, title="Refunds", path=path, format="csv",
        language="en", status=Export.Status.DONE, name="refunds", rows=1, size=len(content),
        sha256=folder(config().files).put(content), created_at=now, ended_at=now,
    )  # fmt: skip
