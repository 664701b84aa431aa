"""Settings of refunds (business-rules §4.7); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class RefundSettings(BaseSettings):
    """See ``config``."""

    no_reason_days: int = Field(
        default=5,
        ge=0,
        le=365,
        description="So many days of 24 hours after its delivery a service sold by period without supervision is paid back "
        "without a reason; 0 switches that off.",
    )
    no_reason_per_year: int = Field(
        default=10,
        ge=0,
        description="Services that one buyer may unsubscribe without a reason in a calendar year of the market's time zone.",
    )
    negotiable_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="So many days of 24 hours after the delivery a seller can be asked for a refund that both agree on, of "
        "what is sold without the right above.",
    )
    refund_contact_workdays: int = Field(
        default=7,
        ge=1,
        le=60,
        description="When a seller has said nothing to a refund for so many working days its buyer is told to contact it.",
    )
    refund_appeal_days: int = Field(
        default=10,
        ge=1,
        le=365,
        description="When a seller has said nothing to a refund for so many days its buyer may ask the operator to decide.",
    )
    refund_requests_a_day: int = Field(
        default=20, ge=1, description="Refunds that one buyer may ask sellers for in a day."
    )
