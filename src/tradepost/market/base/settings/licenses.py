"""Settings of license files and reports of licensed software."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class LicenseSettings(Group):
    """See ``Config.licenses``."""

    license_most_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Maximum size of a license file that a seller may deliver, in bytes."
    )
    license_day_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Maximum bytes of license files that one seller may deliver within 24 hours (rules §2.3).",
    )
    license_day_files: int = Field(
        default=100,
        ge=1,
        description="Maximum number of license files that one seller may deliver within 24 hours (rules §2.3).",
    )
    keep_software_usage_days: int = Field(
        default=800,
        ge=0,
        description="Days after which usage of software with authorisation codes, as reported by sellers, is deleted. "
        "0: never.",
    )
