"""Money in whole minor units with a currency, one rounding and one split."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MINOR_DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``minor`` is a count of the currency's smallest unit (fen, cent). Two currencies never mix."""

    minor: int
    currency: str

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-MINOR_DIGITS[self.currency])

    @staticmethod
    def of(major: Decimal | int | str, currency: str) -> Money:
        """Money from an amount in main units; rounded half up to the minor unit, the only rounding there is."""
        scaled = Decimal(major).scaleb(MINOR_DIGITS[currency])
        return Money(int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency)

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
        """Parts in proportion to the weights that add up to exactly this amount (largest remainders first)."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative and must not all be zero")
        floors = [self.minor * w // total for w in weights]
        rest = self.minor - sum(floors)
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(self.minor * weights[i] % total), i))
        for i in by_remainder[:rest]:
            floors[i] += 1
        return tuple(Money(f, self.currency) for f in floors)
