"""What a kind of product declares, so that catalog, checkout and fulfilment need no case for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.protocols.commands import ChargingMode, Command

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Step:
    """One thing asked of the seller while an order is fulfilled, in order."""

    command: type[Command]
    until_access: bool = False
    """Repeat a query until the access data is there (saas-v2 §3.1, §3.2)."""


@dataclass(frozen=True, slots=True)
class ProductType:
    code: str
    """For example ``SAAS``; what the database holds (business-rules §13)."""
    title: str
    title_zh: str
    protocols: tuple[str, ...]
    """Names of the protocol folders a product of this kind may be served by."""
    charging_modes: tuple[ChargingMode, ...]
    steps: Mapping[str, tuple[Step, ...]]
    """Order type (``NEW``, …) → what fulfilment asks of the seller."""
    icon: str = "package"
