"""Settings of services on demand and usage packages (rules §4.4, §9)."""

from __future__ import annotations

from pydantic import Field, field_validator

from .group import Group, days_of_levels, split_at_commas


class BillingSettings(Group):
    """See ``Config.billing``."""

    on_demand_grace_days: tuple[int, ...] = Field(
        default=(0, 0, 0, 1, 7, 7),
        description="Days for which pay-as-you-go services stay usable after the buyer falls into arrears, for the "
        "levels V0 to V5 (rules §4.4).",
    )
    on_demand_retention_days: tuple[int, ...] = Field(
        default=(1, 7, 7, 7, 15, 15),
        description="Days for which pay-as-you-go services are then frozen and kept before they are deleted, for the "
        "levels V0 to V5 (rules §4.4).",
    )
    package_low_percent: int = Field(
        default=20,
        ge=0,
        le=99,
        description="Remaining percentage of a package below which buyers without their own alert are notified (rules "
        "§9). 0: only when it is used up.",
    )

    @field_validator("on_demand_grace_days", "on_demand_retention_days", mode="before")
    @classmethod
    def _on_demand_days(cls, value: object) -> object:
        return split_at_commas(value)

    @field_validator("on_demand_grace_days", "on_demand_retention_days")
    @classmethod
    def _on_demand_for_each_level(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return days_of_levels(value)
