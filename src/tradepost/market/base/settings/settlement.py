"""Settings of statements and the market's fee (rules §8)."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from .group import Group


class SettlementSettings(Group):
    """See ``Config.settlement``."""

    settlement_day: int = Field(
        default=3,
        ge=1,
        le=28,
        description="Day of the month on which the statements of the previous month are created, or the next working "
        "day.",
    )
    settlement_sign_days: int = Field(
        default=8,
        ge=1,
        le=60,
        description="Working days within which a seller accepts or rejects a statement. Then it counts as accepted.",
    )
    payout_minimum_minor: int = Field(
        default=100_000,
        ge=1,
        description="Minimum payout to a seller in the smallest unit. Smaller amounts wait for the next month.",
    )
    fee_share: Decimal = Field(
        default=Decimal("0.95"), gt=0, le=1, max_digits=5, decimal_places=4,
        description="A seller's share of its sales. The rest is the market's fee.",
    )  # fmt: skip
    fee_first_from_minor: int = Field(
        default=50_000_000,
        ge=1,
        description="Monthly sales of a product, in the smallest unit, from which its seller's share is larger.",
    )
    fee_first_increment: Decimal = Field(
        default=Decimal("0.01"), ge=0, lt=1, max_digits=5, decimal_places=4,
        description="Increase of the share from fee_first_from_minor.",
    )  # fmt: skip
    fee_second_from_minor: int = Field(
        default=100_000_000,
        ge=1,
        description="Monthly sales from which the share is increased by fee_second_increment instead; not below "
        "fee_first_from_minor.",
    )
    fee_second_increment: Decimal = Field(
        default=Decimal("0.02"), ge=0, lt=1, max_digits=5, decimal_places=4,
        description="Increase of the share from fee_second_from_minor.",
    )  # fmt: skip
    settlement_export_rows: int = Field(
        default=50_000,
        ge=100,
        le=1_000_000,
        description="Maximum number of statement lines in a downloaded table.",
    )
