"""Check whether a change from one SKU to another could lower the price. Pure (saas-v2 §8.2, business-rules §2.8
"check upgrade rules").

Both prices are linear between the edges of their bands, so comparing the quantities at the edges and both ends is
sufficient."""

from __future__ import annotations

from math import lcm

from msgspec import Struct

from .price_models import Bands, PriceModel, corners, of_units


class Schedule(Struct, frozen=True, kw_only=True):
    """The price of a SKU for one period by quantity, in minor units, and the quantities that are sold."""

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
    """Return least, most and step of the quantities that both sell; None if there are none."""
    low, high, step = max(a.least, b.least), min(a.most, b.most), lcm(a.step, b.step)
    # The first quantity of a at or above ``low``; one of the next within a common step is also b's, or none is.
    start = a.least + -(-(low - a.least) // a.step) * a.step
    first_common = next(
        (
            quantity
            for quantity in range(start, min(start + step, high + 1), a.step)
            if (quantity - b.least) % b.step == 0
        ),
        None,
    )
    return None if first_common is None else (first_common, high, step)


def inversion(source: Schedule, target: Schedule) -> Inversion | None:
    """Return where the target costs less than the source; None if it never does, or they share no quantity."""
    grid = common_grid(source, target)
    if grid is None:
        return None
    low, high, step = grid
    quantities = {q for schedule in (source, target) for q in corners(schedule.bands, least=low, most=high, step=step)}
    for quantity in sorted(quantities):
        source_price, target_price = source.price(quantity), target.price(quantity)
        if target_price < source_price:
            return Inversion(quantity, source_price, target_price)
    return None
