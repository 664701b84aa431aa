"""The lifecycles of versions and products: a draft is sealed, listed and later replaced. Suspended sales can resume;
stopped sales cannot."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Product, Version


class VersionEvent(StrEnum):
    SEAL = "seal"
    LIST = "list"
    DROP = "drop"
    REPLACE = "replace"
    END = "end"


_V = Version.Status
VERSION: Lifecycle[Version.Status, VersionEvent] = Lifecycle(
    "version",
    {
        (_V.DRAFT, VersionEvent.SEAL): _V.SEALED,
        (_V.SEALED, VersionEvent.LIST): _V.LISTED,
        (_V.SEALED, VersionEvent.DROP): _V.DROPPED,
        (_V.LISTED, VersionEvent.REPLACE): _V.RETIRED,
        (_V.LISTED, VersionEvent.END): _V.RETIRED,
    },
)


class ProductEvent(StrEnum):
    LIST = "list"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    STOP = "stop"


_P = Product.Status
PRODUCT: Lifecycle[Product.Status, ProductEvent] = Lifecycle(
    "product",
    {
        (_P.DRAFT, ProductEvent.LIST): _P.ON_SALE,
        (_P.ON_SALE, ProductEvent.FREEZE): _P.FROZEN,
        (_P.FROZEN, ProductEvent.UNFREEZE): _P.ON_SALE,
        (_P.ON_SALE, ProductEvent.STOP): _P.STOPPED,
        (_P.FROZEN, ProductEvent.STOP): _P.STOPPED,
    },
)
