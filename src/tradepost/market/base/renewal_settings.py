"""Settings of renewals and of what buyers do with many services at a time; a part of ``Config``."""

from __future__ import annotations

from datetime import time

from pydantic import Field
from pydantic_settings import BaseSettings


class RenewalSettings(BaseSettings):
    """See ``config``."""

    auto_renew_days_before: int = Field(
        default=7,
        ge=0,
        le=90,
        description="An automatic renewal is tried from so many days before the end on, each day until it is paid (rules §4.5).",
    )
    auto_renew_at: time = Field(
        default=time(3), description="When automatic renewals are tried, in the market's time zone."
    )
    batch_most: int = Field(
        default=50, ge=1, le=200, description="Services that a buyer may renew or change in one go."
    )
