"""Whether a way from one SKU to another could lead to a lower price: pure (saas-v2 §8.2, business-rules §2.8 "check upgrade
rules").

Both prices are straight between the edges of their bands, so that the quantities beside each edge and the two ends decide for
all between.
"""

from __future__ import annotations

from math import lcm

from msgspec import Struct

from .price_models import Bands, PriceModel, corners, of_units


class Schedule(Struct, frozen=True, kw_only=True):
    """What one period of a SKU costs by its quantity, in minor units, and which quantities are sold."""

    unit: int = 0
    model: PriceModel = PriceModel.LINEAR
    bands: Bands[int] = ()
    least: int = 1
    most: int = 1
    step: int = 1

    def price(self, quantity: int) -> int:
        return of_units(self.model, self.unit, self.bands, quantity)


class Inversion(Struct, frozen=True):
    """The first quantity at which the target costs less than the source, and both prices."""

    quantity: int
    source_minor: int
    target_minor: int


def common_grid(a: Schedule, b: Schedule) -> tuple[int, int, int] | None:
    """Least, most and step of the quantities that both have; None where they have none."""
    low, high, step = max(a.least, b.least), min(a.most, b.most), lcm(a.step, b.step)
    # The first quantity of a at or above ``low``; within one common step one of them is b's as well, or none is.
    first = a.least + -(-(low - a.least) // a.step) * a.step
    found = next((q for q in range(first, min(first + step, high + 1), a.step) if (q - b.least) % b.step == 0), None)
    return None if found is None else (found, high, step)


def inversion(source: Schedule, target: Schedule) -> Inversion | None:
    """Where the target costs less than the source; None when it never does, or they have no quantity in common."""
    grid = common_grid(source, target)
    if grid is None:
        return None
    least, most, step = grid
    looked_at = {q for one in (source, target) for q in corners(one.bands, least=least, most=most, step=step)}
    for quantity in sorted(looked_at):
        paid, then = source.price(quantity), target.price(quantity)
        if then < paid:
            return Inversion(quantity, paid, then)
    return None
