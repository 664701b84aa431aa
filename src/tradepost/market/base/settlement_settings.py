"""Settings of statements and of the market's fee (business-rules §8), beside those of invoices; a part of ``Config``."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from .invoice_settings import InvoiceSettings


class SettlementSettings(InvoiceSettings):
    """See ``config``."""

    settlement_day: int = Field(
        default=3,
        ge=1,
        le=28,
        description="Day of the month on which the statements of the month before are made; the next working day where it is "
        "none.",
    )
    settlement_sign_days: int = Field(
        default=8,
        ge=1,
        le=60,
        description="Working days that a seller has to agree to a statement or to reject it; then it stands as agreed to.",
    )
    payout_minimum_minor: int = Field(
        default=100_000,
        ge=1,
        description="What a seller is to be paid must reach this amount, in the smallest unit; what is less waits for the next "
        "month. Exactly this amount is paid.",
    )
    fee_share: Decimal = Field(
        default=Decimal("0.95"), gt=0, le=1, max_digits=5, decimal_places=4,
        description="A seller's share of what it earns; the rest is the market's fee.",
    )  # fmt: skip
    fee_first_from_minor: int = Field(
        default=50_000_000,
        ge=1,
        description="From so much on that was paid for a product in a month, in the smallest unit, its seller's share is larger.",
    )
    fee_first_increment: Decimal = Field(
        default=Decimal("0.01"), ge=0, lt=1, max_digits=5, decimal_places=4,
        description="By how much the share is larger from fee_first_from_minor on.",
    )  # fmt: skip
    fee_second_from_minor: int = Field(
        default=100_000_000,
        ge=1,
        description="From so much on the share is larger by fee_second_increment instead; not below fee_first_from_minor.",
    )
    fee_second_increment: Decimal = Field(
        default=Decimal("0.02"), ge=0, lt=1, max_digits=5, decimal_places=4,
        description="By how much the share is larger from fee_second_from_minor on.",
    )  # fmt: skip
    settlement_export_rows: int = Field(
        default=50_000,
        ge=100,
        le=1_000_000,
        description="Lines of a statement that a table for download holds at most.",
    )
