"""Which prices a product may have: those of its type, complete for their charging mode, and nothing that nobody bills."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.product_types.charging import Charging, charging
from tradepost.protocols.commands import ChargingMode

from .new_product import Price

DEAREST = 100_000_000
"""In main units: with the largest quantity and the longest duration the total still fits the ledger's columns."""
LONGEST = {"": 0, "month": 120, "year": 10}
"""Periods that one order may be for."""
FINEST_QUOTA = Decimal("0.0001")
FINEST_PRICE = Decimal("0.00000001")


def check_prices(
    prices: Sequence[Price], modes: Collection[ChargingMode], currency: str, *, sells_metered: bool
) -> None:
    """Prices of one product, whose type may be sold in ``modes``. Raises ``Refused`` for the first that breaks a rule
    (business-rules §3.2)."""
    for price in prices:
        if price.charging_mode not in modes:
            raise _wrong("product.charging_mode", _("This type of product cannot be sold in this charging mode."))
        mode = charging(price.charging_mode)
        check_metered(mode, sells_metered=sells_metered)
        _check(price, mode)
        _check_amount(price, currency)
        _check_durations(price)
        if mode.needs and not any(
            (other.charging_mode, other.usage_unit) == (mode.needs, price.usage_unit) for other in prices
        ):
            raise _wrong(
                "product.package_alone",
                _("A package needs an on-demand price of the same product in the same unit: it is deducted from that."),
            )


def check_metered(mode: Charging, *, sells_metered: bool) -> None:
    """Raises ``Refused`` for what is charged by usage in a market that does not sell it. Only a sandbox does: nobody counts
    usage yet, so that a seller would give service away; in a sandbox nobody pays anyway."""
    if mode.metered and not sells_metered:
        raise _wrong(
            "product.not_metered",
            _(
                "This market does not meter usage yet, so it could not charge for it. On demand and packages are sold "
                "in a sandbox only."
            ),
        )


def _check(price: Price, mode: Charging) -> None:
    if mode.ends != bool(price.period_type and price.period_numbers):
        raise _wrong("product.period", _("A period price needs a period type and sellable durations."))
    if mode.metered != bool(price.usage_unit and price.usage_unit_en):
        raise _wrong(
            "product.usage_unit", _("What is charged by usage needs the unit that is counted, in both languages.")
        )
    if mode.quota != (price.quota > 0) or price.quota % FINEST_QUOTA:
        raise _wrong("product.quota", _("A package needs an amount of usage, with at most four decimals."))
    if mode.metered and (price.amount <= 0 or (mode.postpaid and price.amount % FINEST_PRICE)):
        raise _wrong("product.usage_price", _("What is charged by usage needs a price above zero."))


def _check_amount(price: Price, currency: str) -> None:
    """What is prepaid is paid in coins: an amount between two would be rounded without a word."""
    coin = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    whole = charging(price.charging_mode).postpaid or price.amount % coin == 0
    if not 0 <= price.amount <= DEAREST or not whole:
        raise _wrong(
            "product.amount",
            _("A price is at least zero and at most %(most)s, and is not finer than the smallest coin.")
            % {"most": f"{DEAREST:,}"},
        )


def _check_durations(price: Price) -> None:
    numbers = price.period_numbers
    if len(set(numbers)) != len(numbers) or not all(
        1 <= number <= LONGEST.get(price.period_type, 0) for number in numbers
    ):
        raise _wrong(
            "product.durations", _("Sellable durations are different whole numbers from 1 on, of at most ten years.")
        )


def _wrong(code: str, message: str) -> Refused:
    return Refused(code, message, field="specs")
