"""Events of usage records and packages."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("records_refused", about=("seller",))
class RecordsRefused(Struct, frozen=True, kw_only=True):
    """Some records of a push are not billed until the seller corrects them."""

    seller: int
    push: int
    refused: int


@event("collection_closed", about=("collection",))
class CollectionClosed(Struct, frozen=True, kw_only=True):
    """A collection is complete and can be charged."""

    collection: int


@event("package_changed", about=("package",))
class PackageChanged(Struct, frozen=True, kw_only=True):
    """A package was opened, or released before its end."""

    package: int


@event("quota_deducted", about=("package",))
class QuotaDeducted(Struct, frozen=True, kw_only=True):
    """The remaining quota changed by a deduction or a void, in ten-thousandths of a unit."""

    quota: int
    package: int
    before: int
    after: int
