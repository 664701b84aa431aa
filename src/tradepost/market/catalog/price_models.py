"""What a quantity costs: the price models of business-rules §3.3, pure, for page, quote, order and refund alike.

Bands are ``(upto, price)`` in rising order, the last without an upper edge: half-open below, closed above, so that a quantity
belongs to the first band that reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum


class PriceModel(StrEnum):
    LINEAR = "linear"
    """Quantity × price; of what has no quantity, the fixed price."""
    TIER = "tier"
    """The whole quantity × the price of the band that contains it."""
    STEP = "step"
    """Each band's part of the quantity × that band's price."""

    @property
    def banded(self) -> bool:
        return self is not PriceModel.LINEAR


RESETS_WITHIN: Mapping[str, tuple[str, ...]] = {"month": ("month", "year"), "year": ("year",)}
"""When a package is full again, and the periods by which it can then be sold: one that is over before is never full again."""


type Bands[N: (int, Decimal)] = Sequence[tuple[N | None, N]]
"""Upper edge (None: no end) and price of one unit."""


def of_units[N: (int, Decimal)](model: PriceModel, price: N, bands: Bands[N], quantity: N) -> N:
    """What a quantity costs for one period, in the units of ``price``: minor units of prepaid prices (``int``), main units of
    prices by usage (``Decimal``). ``price`` counts where the model has no bands, else ``bands``. Zero costs zero."""
    match model:
        case PriceModel.LINEAR:
            return price * quantity
        case PriceModel.TIER:
            return band_of(bands, quantity) * quantity
        case PriceModel.STEP:
            total = quantity * 0
            for part, each in parts(bands, quantity):
                total += part * each
            return total


def band_of[N: (int, Decimal)](bands: Bands[N], quantity: N) -> N:
    """The price of the band that contains a quantity. Raises ``ValueError`` beyond the last."""
    for upto, price in bands:
        if upto is None or quantity <= upto:
            return price
    raise ValueError(f"no band contains {quantity}")


def parts[N: (int, Decimal)](bands: Bands[N], quantity: N) -> Iterator[tuple[N, N]]:
    """How much of a quantity lies in each band, and the band's price; empty parts are left out."""
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
    """What usage costs that moves an accumulated total from ``before`` to ``after``: F(after) − F(before), so that parts add
    up to the whole. Under tiers it can be below zero where a cheaper band is reached."""
    return of_units(model, price, bands, after) - of_units(model, price, bands, before)


def unit_price[N: (int, Decimal)](model: PriceModel, price: N, bands: Bands[N]) -> N:
    """The price that a list of offers is compared by: that of the first unit."""
    return bands[0][1] if model.banded else price


def corners(bands: Bands[int], *, least: int, most: int, step: int) -> list[int]:
    """The quantities of a grid between which every model is linear: both ends, and the grid points beside each edge."""
    found = {least, most - (most - least) % step}
    for upto, _price in bands:
        if upto is None or not least <= upto < most:
            continue
        below = upto - (upto - least) % step
        found |= {q for q in (below, below + step) if least <= q <= most}
    return sorted(found)
