"""Settings of the market's own contact data."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class BrandingSettings(Group):
    """See ``Config.branding``."""

    support_email: str = Field(
        default="",
        description="Email address for support, shown on pages and in mails until operators enter one under Branding.",
    )
