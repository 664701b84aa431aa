"""Settings of invoices (business-rules §6.2); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class InvoiceSettings(BaseSettings):
    """See ``config``."""

    invoice_seller_days: int = Field(
        default=7,
        ge=1,
        le=60,
        description="Days of 24 hours that a seller has for an invoice; then its buyer, the seller and the operator are told.",
    )
    invoice_remind_days: int = Field(
        default=2, ge=0, le=30, description="A seller is reminded of an invoice so many days before its time is over."
    )
    invoice_courier_free_minor: int = Field(
        default=10_000,
        ge=0,
        description="From this amount on, in the smallest unit, the seller pays for the parcel of a paper invoice; below it "
        "the buyer does, on delivery.",
    )
    invoice_most_bytes: int = Field(
        default=10_485_760,
        ge=1024,
        le=20_971_520,
        description="Largest file of an invoice, in bytes; a request of more does not come in.",
    )
    invoice_batch_most_bytes: int = Field(
        default=16_777_216,
        ge=1024,
        le=20_971_520,
        description="Largest ZIP by which a seller issues many invoices at once, in bytes.",
    )
    invoices_a_day: int = Field(default=50, ge=1, description="Invoices that one buyer may apply for in a day.")
    invoice_letter_months: int = Field(
        default=6,
        ge=1,
        le=120,
        description="Months for which an explanation letter about an invoice is kept; then its buyer asks for another.",
    )
    invoice_letter_issuer: str = Field(
        default="",
        max_length=60,
        description="The company that signs explanation letters about invoices, as on its business licence; empty: the market's "
        "name.",
    )
