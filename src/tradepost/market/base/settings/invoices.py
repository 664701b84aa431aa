"""Settings of invoices (rules §6.2)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class InvoiceSettings(Group):
    """See ``Config.invoices``."""

    invoice_seller_days: int = Field(
        default=7,
        ge=1,
        le=60,
        description="Days of 24 hours within which a seller must issue an invoice. Then the buyer, the seller and the "
        "operators are notified.",
    )
    invoice_remind_days: int = Field(
        default=2, ge=0, le=30, description="Days before the deadline when a seller is reminded of an invoice."
    )
    invoice_courier_free_minor: int = Field(
        default=10_000,
        ge=0,
        description="Amount in the smallest unit from which the seller pays for the delivery of a paper invoice. "
        "Below it, the buyer pays on delivery.",
    )
    invoice_most_bytes: int = Field(
        default=10_485_760,
        ge=1024,
        le=20_971_520,
        description="Maximum size of an invoice file in bytes. Larger requests are rejected.",
    )
    invoice_batch_most_bytes: int = Field(
        default=16_777_216,
        ge=1024,
        le=20_971_520,
        description="Maximum size in bytes of a ZIP file with which a seller issues many invoices at once.",
    )
    invoices_a_day: int = Field(
        default=50, ge=1, description="Maximum number of invoices that one buyer may request per day."
    )
    invoice_letter_months: int = Field(
        default=6,
        ge=1,
        le=120,
        description="Months for which an explanation letter about an invoice is kept. Later the buyer requests a new "
        "one.",
    )
    invoice_letter_issuer: str = Field(
        default="",
        max_length=60,
        description="Company that signs explanation letters about invoices, as on its business licence. Empty: the "
        "market's name.",
    )
