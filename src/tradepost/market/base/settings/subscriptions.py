"""Settings of the end of services, by the level of their buyers (rules §4.4)."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field, field_validator

from .group import MAX_DAYS, Group, days_of_levels, split_at_commas


class SubscriptionSettings(Group):
    """See ``Config.subscriptions``."""

    default_level: Literal["V0", "V1", "V2", "V3", "V4", "V5"] = Field(
        default="V0", description="Level of buyers without a level of their own (rules §4.4)."
    )
    period_grace_days: tuple[int, ...] = Field(
        default=(1, 1, 1, 7, 7, 7),
        description="Days for which a service sold by period stays usable after its end, for the levels V0 to V5, "
        "separated by commas (rules §4.4).",
    )
    period_retention_days: tuple[int, ...] = Field(
        default=(1, 7, 7, 7, 15, 15),
        description="Days for which the service is then frozen and kept before it is deleted, for the levels V0 to V5 "
        "(rules §4.4).",
    )
    remind_days: tuple[int, ...] = Field(
        default=(15, 7, 1),
        description="Days before the end of a service when its buyer is reminded, separated by commas. Empty: never.",
    )
    remind_at: time = Field(
        default=time(9), description="Time of reminders before the end of a service, in the market's time zone."
    )

    @field_validator("period_grace_days", "period_retention_days", "remind_days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return split_at_commas(value)

    @field_validator("period_grace_days", "period_retention_days")
    @classmethod
    def _one_for_each_level(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return days_of_levels(value)

    @field_validator("remind_days")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value) or any(not 1 <= days <= MAX_DAYS for days in value):
            raise ValueError(f"different numbers of days, each from 1 to {MAX_DAYS}, such as 15,7,1")
        return value
