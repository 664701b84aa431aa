"""The properties of each charging mode in one place, so that pages, orders and fulfilment have no special cases.

Facts: business-rules §3.2, §4.4–4.7. Requirements for the seller's server: saas-v2 §1.4, saas-v1-license A2."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from tradepost.protocols.commands import ChargingMode


class Charging(Struct, frozen=True, kw_only=True):
    mode: ChargingMode
    ends: bool = False
    """Sold for a number of months or years, and ends after them."""
    renewable: bool = False
    """Renewals extend its end; specification and quantity can change with a renewal or an upgrade."""
    metered: bool = False
    """The seller counts usage in a unit that the offer names, and returns it when the instance is queried."""
    postpaid: bool = False
    """The price is per unit of usage, paid afterwards: opening the service costs nothing."""
    quota: bool = False
    """Usage bought in advance."""
    needs: ChargingMode | None = None
    """A mode in which the buyer must already hold the same product."""

    @property
    def uses(self) -> bool:
        """A package of uses (按次套餐包): bought once, has its own usage count, and ends when the quota is used up
        (§3.2)."""
        return self.quota and self.needs is None


CHARGING: Mapping[ChargingMode, Charging] = {
    charging_of.mode: charging_of
    for charging_of in (
        Charging(mode=ChargingMode.PERIOD, ends=True, renewable=True),
        Charging(mode=ChargingMode.ONE_TIME),
        Charging(mode=ChargingMode.ON_DEMAND, metered=True, postpaid=True),
        Charging(mode=ChargingMode.ON_DEMAND_PKG, ends=True, metered=True, quota=True, needs=ChargingMode.ON_DEMAND),
    )
}


PACKAGE_OF_USES = Charging(mode=ChargingMode.ONE_TIME, metered=True, quota=True)
"""The seller sees a one-time purchase, because the order query has no other mode for it (openapi-jointkit §C.4); the
quota distinguishes it. Its usage is counted at its own instance, and it always has a quota."""


def charging_of(mode: str, *, stops: bool = False) -> Charging:
    """Return the properties of a mode. ``stops``: for a package that ends when it is used up; if bought once, it is a
    package of uses."""
    properties = CHARGING[ChargingMode(mode)]
    return PACKAGE_OF_USES if stops and properties.mode is PACKAGE_OF_USES.mode else properties


def modes_with(predicate: Callable[[Charging], object]) -> list[str]:
    """Return the codes of the modes with a property, for queries and constraints."""
    return [str(properties.mode) for properties in CHARGING.values() if predicate(properties)]
