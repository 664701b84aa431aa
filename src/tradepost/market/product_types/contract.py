"""What a kind of product declares, so that catalog, checkout and fulfilment need no case for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tradepost.protocols.commands import ChargingMode, Command
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradepost.protocols.contract import SellerProtocol


class Gives(StrEnum):
    """What a buyer gets in the end: pages choose their words by it."""

    ACCESS = "access"
    """An address with an account."""
    LICENSE = "license"
    """The text of a license."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing asked of the seller while an order is fulfilled, in order."""

    command: type[Command]
    until_access: bool = False
    """Asked only while the buyer has nothing to enter with, and repeated until the access data is there
    (saas-v2 §3.1, §3.2)."""


type Steps = Mapping[str, tuple[Step, ...]]
"""Order type (``NEW``, …) → what fulfilment asks of the seller."""


@dataclass(frozen=True, slots=True)
class ProductType:
    code: str
    """For example ``SAAS``; what the database holds (business-rules §13)."""
    title: Text
    protocols: tuple[str, ...]
    """Names of the protocol folders a product of this kind may be served by."""
    charging_modes: tuple[ChargingMode, ...]
    steps: Steps
    steps_over: Mapping[str, Steps] = field(default_factory=dict)
    """Protocols that reach the same end by other steps, with these."""
    one_line_over: frozenset[str] = frozenset()
    """Protocols that know orders but no order lines: there a second line would pass for a repeat of the first."""
    gives: Gives = Gives.ACCESS
    icon: str = "package"

    def plan(self, order_type: str, protocol: SellerProtocol) -> tuple[Step, ...]:
        """The steps of an order over this protocol; what the protocol has no activity for is not asked."""
        steps = self.steps_over.get(protocol.name, self.steps).get(order_type, ())
        return tuple(step for step in steps if step.command in protocol.activities)
