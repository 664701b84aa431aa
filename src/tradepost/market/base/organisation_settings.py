"""Settings of enterprises and their people (business-rules §11.2, openapi-jointkit §A); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class OrganisationSettings(BaseSettings):
    """See ``config``."""

    enterprises_most: int = Field(default=5, ge=1, description="Enterprises that one account may have founded.")
    enterprise_members_most: int = Field(default=100_000, ge=1, description="Members of an enterprise.")
    departments_most: int = Field(default=5_000, ge=1, description="Departments of an enterprise.")
    departments_deepest: int = Field(default=10, ge=1, le=50, description="Levels of an enterprise's departments.")
    enterprise_groups_most: int = Field(default=200, ge=1, description="Groups of an enterprise.")
    directory_tokens_most: int = Field(
        default=3, ge=1, le=20, description="Tokens that an enterprise may have for its directory at once (SCIM)."
    )
    directory_calls_a_minute: int = Field(
        default=1_200, ge=1, description="Calls that a directory may make by one token in a minute (SCIM)."
    )
    enterprise_invitation_days: int = Field(
        default=7, ge=1, le=90, description="So long an invitation to an enterprise can be accepted."
    )
    enterprise_invitations_a_day: int = Field(
        default=200, ge=1, description="Invitations that one enterprise may have mailed in a day."
    )
    password_reset_gap_minutes: int = Field(
        default=3,
        ge=0,
        description="Minutes between two passwords that an administrator makes for the same account of an enterprise.",
    )
    password_resets_an_hour: int = Field(default=15, ge=1, description="As many of them in an hour.")
    password_resets_a_day: int = Field(default=60, ge=1, description="As many of them in a day.")
    import_most_bytes: int = Field(
        default=8_388_608, ge=1, le=16_777_216, description="Bytes of a table of members that is imported."
    )
    import_most_lines: int = Field(default=100_000, ge=1, description="Lines of a table of members that is imported.")
    keep_import_tables_days: int = Field(
        default=7,
        ge=0,
        description="Tables of members that were handed in are deleted after these days, and what was not imported by then is dropped; 0: never.",
    )
    keep_imports_days: int = Field(
        default=180, ge=0, description="What became of imports of members is deleted after these days; 0: never."
    )
    keep_enterprise_invitations_days: int = Field(
        default=90, ge=0, description="Invitations to enterprises are deleted these days after they expired; 0: never."
    )
