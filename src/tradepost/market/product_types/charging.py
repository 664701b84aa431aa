"""What each charging mode means, in one place: pages, orders and fulfilment ask here and have no case for a mode.

Facts: business-rules §3.2, §4.4–4.7; what a seller's server must have for each: saas-v2 §1.4, saas-v1-license A2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from tradepost.protocols.commands import ChargingMode


class Charging(Struct, frozen=True, kw_only=True):
    mode: ChargingMode
    ends: bool = False
    """Sold for a number of months or years, and over at their end."""
    renewable: bool = False
    """Its end can be moved, and so can what is held: specification and quantity change by a renewal or an upgrade."""
    metered: bool = False
    """The seller counts usage in a unit that the offer names, and answers it to a query of the instance."""
    postpaid: bool = False
    """The price is of one unit of usage, paid afterwards: to open it costs nothing."""
    quota: bool = False
    """Bought in advance: an amount of usage."""
    needs: ChargingMode | None = None
    """A buyer must hold the same product in this mode first."""

    @property
    def uses(self) -> bool:
        """A package of uses (按次套餐包): bought once, counted at itself, and at its end when nothing is left (§3.2)."""
        return self.quota and self.needs is None


CHARGING: Mapping[ChargingMode, Charging] = {
    charging.mode: charging
    for charging in (
        Charging(mode=ChargingMode.PERIOD, ends=True, renewable=True),
        Charging(mode=ChargingMode.ONE_TIME),
        Charging(mode=ChargingMode.ON_DEMAND, metered=True, postpaid=True),
        Charging(mode=ChargingMode.ON_DEMAND_PKG, ends=True, metered=True, quota=True, needs=ChargingMode.ON_DEMAND),
    )
}


PACKAGE_OF_USES = Charging(mode=ChargingMode.ONE_TIME, metered=True, quota=True)
"""To the seller it is bought once, as the order query knows no other word for it (openapi-jointkit §C.4); its quota is what tells
it apart. Usage is counted at its own instance, and a quota is always with it."""


def charging(mode: str, *, stops: bool = False) -> Charging:
    """``stops``: what is bought is a package that stops when it is used up. Bought once it is one of uses."""
    found = CHARGING[ChargingMode(mode)]
    return PACKAGE_OF_USES if stops and found.mode is PACKAGE_OF_USES.mode else found


def modes_that(is_so: Callable[[Charging], object]) -> list[str]:
    """Codes of the modes of which something is so, for queries and constraints."""
    return [str(one.mode) for one in CHARGING.values() if is_so(one)]
