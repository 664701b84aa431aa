"""Settings of enterprises and their members (rules §11.2)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class OrganisationSettings(Group):
    """See ``Config.organisations``."""

    enterprises_most: int = Field(
        default=5, ge=1, description="Maximum number of enterprises that one account may found."
    )
    enterprise_members_most: int = Field(default=100_000, ge=1, description="Maximum number of members per enterprise.")
    departments_most: int = Field(default=5_000, ge=1, description="Maximum number of departments per enterprise.")
    departments_deepest: int = Field(default=10, ge=1, le=50, description="Maximum number of levels of departments.")
    enterprise_groups_most: int = Field(default=200, ge=1, description="Maximum number of groups per enterprise.")
    enterprise_invitation_days: int = Field(
        default=7, ge=1, le=90, description="Days for which an invitation to an enterprise can be accepted."
    )
    enterprise_invitations_a_day: int = Field(
        default=200, ge=1, description="Maximum number of invitations that one enterprise may send per day."
    )
    password_reset_gap_minutes: int = Field(
        default=3,
        ge=0,
        description="Minimum minutes between two password resets by administrators for the same account of an "
        "enterprise.",
    )
    password_resets_an_hour: int = Field(
        default=15,
        ge=1,
        description="Maximum number of password resets by administrators for the same account per hour.",
    )
    password_resets_a_day: int = Field(
        default=60,
        ge=1,
        description="Maximum number of password resets by administrators for the same account per day.",
    )
    import_most_bytes: int = Field(
        default=8_388_608, ge=1, le=16_777_216, description="Maximum size in bytes of a table for importing members."
    )
    import_most_lines: int = Field(
        default=100_000, ge=1, description="Maximum number of lines of a table for importing members."
    )
    keep_import_tables_days: int = Field(
        default=7,
        ge=0,
        description="Days after which uploaded tables of members are deleted. Members that were not imported by then "
        "are dropped. 0: never.",
    )
    keep_imports_days: int = Field(
        default=180, ge=0, description="Days after which the results of imports of members are deleted. 0: never."
    )
    keep_dissolved_enterprises_days: int = Field(
        default=180, ge=0, description="Days after its dissolution when the data of an enterprise is erased. 0: never."
    )
    keep_enterprise_invitations_days: int = Field(
        default=90, ge=0, description="Days after expiry when invitations to enterprises are deleted. 0: never."
    )
