"""Settings of exported files."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class ExportSettings(Group):
    """See ``Config.exports``."""

    keep_exports_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="Days for which an exported file is kept: a list, or a copy of personal data.",
    )
