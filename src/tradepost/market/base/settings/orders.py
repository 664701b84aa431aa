"""Settings of checkout, renewals, changes and refunds (rules §4)."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field

from .group import Group


class OrderSettings(Group):
    """See ``Config.orders``."""

    unpaid_timeout_minutes: int = Field(
        default=1440, ge=1, description="Minutes after which an unpaid order is cancelled."
    )
    quote_minutes: int = Field(
        default=60,
        ge=1,
        description="Minutes for which a price shown at checkout is valid. Later the price is computed again.",
    )
    keep_quotes_days: int = Field(
        default=400,
        ge=0,
        description="Days after which quotes used by orders are deleted. The order keeps its price lines. 0: never.",
    )
    auto_renew_days_before: int = Field(
        default=7,
        ge=0,
        le=90,
        description="Days before the end of the paid time when automatic renewal is first attempted. It is repeated "
        "every day until it is paid (rules §4.5).",
    )
    auto_renew_at: time = Field(default=time(3), description="Time of automatic renewals, in the market's time zone.")
    batch_most: int = Field(
        default=50,
        ge=1,
        le=200,
        description="Maximum number of services that a buyer may renew or change in one order.",
    )
    renewal_change_days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="Days before its end from which a service can be renewed with another edition or quantity (rules "
        "§4.5).",
    )
    change_check_minutes: int = Field(
        default=30,
        ge=1,
        le=1440,
        description="Minutes for which a seller's confirmation that it can change a service at renewal is valid.",
    )
    step_change: Literal["graduated", "band_total"] = Field(
        default="graduated",
        description="Price of additional units in use when prices have bands: graduated charges each part at the "
        "price of its band, as in a purchase; band_total charges the whole new quantity at the price of "
        "its band (business-rules §17.2, literally).",
    )
    no_reason_days: int = Field(
        default=5,
        ge=0,
        le=365,
        description="Days of 24 hours after delivery in which a service sold by period without supervision is "
        "refunded without a reason. 0 turns this off.",
    )
    no_reason_per_year: int = Field(
        default=10,
        ge=0,
        description="Maximum number of services that one buyer may unsubscribe without a reason per calendar year in "
        "the market's time zone.",
    )
    negotiable_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="Days of 24 hours after delivery in which a buyer can request a refund from the seller, for "
        "products without the right to a refund without a reason.",
    )
    refund_contact_workdays: int = Field(
        default=7,
        ge=1,
        le=60,
        description="Working days without an answer from the seller to a refund request after which the buyer is "
        "advised to contact the seller.",
    )
    refund_appeal_days: int = Field(
        default=10,
        ge=1,
        le=365,
        description="Days without an answer from the seller to a refund request after which the buyer may appeal to "
        "the operator.",
    )
    refund_requests_a_day: int = Field(
        default=20, ge=1, description="Maximum number of refunds that one buyer may request from sellers per day."
    )
