"""What happens to usage records."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("records_refused", about=("seller",))
class RecordsRefused(Struct, frozen=True, kw_only=True):
    """Of a push some records are not billed until their seller corrects them."""

    seller: int
    push: int
    refused: int


@event("collection_closed", about=("collection",))
class CollectionClosed(Struct, frozen=True, kw_only=True):
    """The records of a cycle up to now are complete, and can be charged."""

    collection: int


@event("package_changed", about=("package",))
class PackageChanged(Struct, frozen=True, kw_only=True):
    """A package was opened, so that usage is deducted from it, or it was released before its end."""

    package: int


@event("quota_deducted", about=("package",))
class QuotaDeducted(Struct, frozen=True, kw_only=True):
    """Of a quota less is left, or more where usage was taken back. In ten-thousandths of a unit."""

    quota: int
    package: int
    before: int
    after: int
