"""Money in whole minor units with a currency; one rounding rule and one split rule."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MINOR_DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``minor`` is a count of the currency's smallest unit (fen, cent). Arithmetic on two currencies raises
    ``ValueError``."""

    minor: int
    currency: str

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-MINOR_DIGITS[self.currency])

    @staticmethod
    def of(major: Decimal | int | str, currency: str) -> Money:
        """Return money for an amount in main units, rounded half up to the minor unit."""
        scaled_amount = Decimal(major).scaleb(MINOR_DIGITS[currency])
        return Money(int(scaled_amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added or compared")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def times(self, quantity: int | Decimal) -> Money:
        product = Decimal(self.minor) * quantity
        return Money(int(product.quantize(Decimal(1), rounding=ROUND_HALF_UP)), self.currency)

    def split(self, weights: tuple[int, ...]) -> tuple[Money, ...]:
        """Split into parts in proportion to the weights that add up to exactly this amount (largest remainders
        first)."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative and must not all be zero")
        floors = [self.minor * weight // total for weight in weights]
        remainder = self.minor - sum(floors)
        by_remainder = sorted(range(len(weights)), key=lambda index: (-(self.minor * weights[index] % total), index))
        for index in by_remainder[:remainder]:
            floors[index] += 1
        return tuple(Money(part, self.currency) for part in floors)
