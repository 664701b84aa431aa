"""The price models of business-rules §3.3. Pure; pages, quotes, orders and refunds use the same functions.

Bands are ``(upto, price)`` in rising order, the last without an upper edge. A quantity belongs to the first band
whose edge is not below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum


class PriceModel(StrEnum):
    LINEAR = "linear"
    """Quantity × price; a fixed price without a quantity."""
    TIER = "tier"
    """The whole quantity × the price of the band that contains it."""
    STEP = "step"
    """The quantity within each band × that band's price."""

    @property
    def banded(self) -> bool:
        return self is not PriceModel.LINEAR


RESETS_WITHIN: Mapping[str, tuple[str, ...]] = {"month": ("month", "year"), "year": ("year",)}
"""When a package's quota is restored, and the periods for which it can then be sold: a shorter period would end
before."""


type Bands[N: (int, Decimal)] = Sequence[tuple[N | None, N]]
"""Upper edge (None: no limit) and price of one unit."""


def of_units[N: (int, Decimal)](model: PriceModel, price: N, bands: Bands[N], quantity: N) -> N:
    """Return the price of a quantity for one period, in the units of ``price``: minor units of prepaid prices
    (``int``), main units of usage prices (``Decimal``).

    ``price`` applies if the model has no bands, else ``bands``. Zero costs zero."""
    match model:
        case PriceModel.LINEAR:
            return price * quantity
        case PriceModel.TIER:
            return band_of(bands, quantity) * quantity
        case PriceModel.STEP:
            total = quantity * 0
            for part, band_price in parts(bands, quantity):
                total += part * band_price
            return total


def band_of[N: (int, Decimal)](bands: Bands[N], quantity: N) -> N:
    """Return the price of the band that contains a quantity. Raises ``ValueError`` beyond the last."""
    for upto, price in bands:
        if upto is None or quantity <= upto:
            return price
    raise ValueError(f"no band contains {quantity}")


def parts[N: (int, Decimal)](bands: Bands[N], quantity: N) -> Iterator[tuple[N, N]]:
    """Yield the quantity within each band, and the band's price, without empty parts."""
    low = quantity * 0
    for upto, price in bands:
        high = quantity if upto is None else min(upto, quantity)
        if high > low:
            yield high - low, price
            low = high
        if low >= quantity:
            return
    if quantity > low:
        raise ValueError(f"no band contains {quantity}")


def accumulated(model: PriceModel, price: Decimal, bands: Bands[Decimal], before: Decimal, after: Decimal) -> Decimal:
    """Return the price of usage that increases an accumulated total from ``before`` to ``after``: F(after) −
    F(before), so that parts sum up exactly.

    With tiers it can be negative if a cheaper band is reached."""
    return of_units(model, price, bands, after) - of_units(model, price, bands, before)


def unit_price[N: (int, Decimal)](model: PriceModel, price: N, bands: Bands[N]) -> N:
    """Return the price for comparing offers: that of the first unit."""
    return bands[0][1] if model.banded else price


def corners(bands: Bands[int], *, least: int, most: int, step: int) -> list[int]:
    """Return the quantities between which every model is linear: both ends, and those next to each edge."""
    quantities = {least, most - (most - least) % step}
    for upto, _price in bands:
        if upto is None or not least <= upto < most:
            continue
        below = upto - (upto - least) % step
        quantities |= {quantity for quantity in (below, below + step) if least <= quantity <= most}
    return sorted(quantities)
