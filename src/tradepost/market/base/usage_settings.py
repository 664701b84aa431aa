"""Settings of usage that is metered (openapi-jointkit §C.5); a part of ``Config``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from .life_settings import days_of_levels, numbers


class UsageSettings(BaseSettings):
    """See ``config``."""

    usage_max_age_days: int = Field(
        default=21, ge=1, le=366, description="A usage record may begin at most so many days before it is pushed."
    )
    usage_future_skew_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="A usage record may end so many seconds after the market's clock: those of sellers run ahead.",
    )
    usage_void_days: int = Field(
        default=21,
        ge=0,
        le=366,
        description="A seller may void a usage record for so many days after it was pushed, or after the last invoice over its month "
        "was refused, cancelled or returned.",
    )
    on_demand_grace_days: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(0, 0, 0, 1, 7, 7),
        description="Days for which what is on demand stays usable after its buyer began to owe, for the levels V0 to V5 "
        "(rules §4.4).",
    )
    on_demand_retention_days: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(1, 7, 7, 7, 15, 15),
        description="Days for which it is then frozen and kept until it is deleted, for the levels V0 to V5 (rules §4.4).",
    )
    package_low_percent: int = Field(
        default=20,
        ge=0,
        le=99,
        description="A buyer who set no alert is told when less than so many percent of a package is left (rules §9); 0: only "
        "when it is used up.",
    )
    keep_refused_usage_days: int = Field(
        default=365, ge=0, description="Usage records that were refused are deleted after these days; 0: never."
    )
    keep_software_usage_days: int = Field(
        default=800,
        ge=0,
        description="What sellers reported of software under codes is deleted after these days; 0: never.",
    )

    @field_validator("on_demand_grace_days", "on_demand_retention_days", mode="before")
    @classmethod
    def _on_demand_days(cls, value: object) -> object:
        return numbers(value)

    @field_validator("on_demand_grace_days", "on_demand_retention_days")
    @classmethod
    def _on_demand_for_each_level(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return days_of_levels(value)
