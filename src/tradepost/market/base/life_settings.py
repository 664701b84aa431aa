"""Settings of what becomes of services at their end, by the level of their buyers; a part of ``Config``."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

LEVELS = 6
"""V0 to V5 (rules §4.4)."""
MOST_DAYS = 365


def numbers(value: object) -> object:
    """What is written with commas, as its parts."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def days_of_levels(value: tuple[int, ...]) -> tuple[int, ...]:
    """Raises ``ValueError`` unless there is a number of days for each level."""
    if len(value) != LEVELS or any(not 0 <= days <= MOST_DAYS for days in value):
        raise ValueError(f"six numbers of days, from V0 to V5, each from 0 to {MOST_DAYS}, such as 1,1,1,7,7,7")
    return value


class LifeSettings(BaseSettings):
    """See ``config``."""

    default_level: Literal["V0", "V1", "V2", "V3", "V4", "V5"] = Field(
        default="V0", description="Level of buyers to whom no operator gave one (rules §4.4)."
    )
    period_grace_days: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(1, 1, 1, 7, 7, 7),
        description="Days for which what was paid by period stays usable after its end, for the levels V0 to V5, separated "
        "by commas (rules §4.4).",
    )
    period_retention_days: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(1, 7, 7, 7, 15, 15),
        description="Days for which it is then frozen and kept until it is deleted, for the levels V0 to V5 (rules §4.4).",
    )
    remind_days: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(15, 7, 1),
        description="So many days before its end the buyer of a service is reminded, separated by commas; empty: never.",
    )
    remind_at: time = Field(default=time(9), description="When such reminders go out, in the market's time zone.")

    @field_validator("period_grace_days", "period_retention_days", "remind_days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return numbers(value)

    @field_validator("period_grace_days", "period_retention_days")
    @classmethod
    def _one_for_each_level(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return days_of_levels(value)

    @field_validator("remind_days")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value) or any(not 1 <= days <= MOST_DAYS for days in value):
            raise ValueError(f"different numbers of days, each from 1 to {MOST_DAYS}, such as 15,7,1")
        return value
