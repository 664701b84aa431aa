"""Settings of supervised delivery (business-rules §2.10); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class SupervisionSettings(BaseSettings):
    """See ``config``."""

    shipping_auto_accept_days: int = Field(
        default=10,
        ge=1,
        le=90,
        description="Days after goods were sent on which they count as received, where the receiver's telephone is the buyer's own.",
    )
    shipping_return_days: int = Field(
        default=10,
        ge=1,
        le=90,
        description="Days in which a buyer with whom a refund was agreed on sends the goods back; who does not keeps them (§4.7).",
    )
    shipping_returned_days: int = Field(
        default=15,
        ge=1,
        le=90,
        description="Days in which a seller says that goods have come back, or asks the operator; then they are paid back (§4.7).",
    )
    supervision_remind_days: int = Field(
        default=3,
        ge=1,
        le=90,
        description="Whoever has to act in a supervised delivery is reminded after so many days.",
    )
    supervision_stale_days: int = Field(
        default=180,
        ge=7,
        description="Buyer and seller of a supervised delivery that is older than this are told, again and again.",
    )
    supervision_stale_repeat_days: int = Field(default=7, ge=1, description="How often they are told.")
    supervision_appeal_workdays: int = Field(
        default=3,
        ge=1,
        le=30,
        description="Working days in which an operator decides an appeal about a supervised delivery.",
    )
