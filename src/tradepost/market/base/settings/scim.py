"""Settings of an enterprise's own directory."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class ScimSettings(Group):
    """See ``Config.scim``."""

    directory_tokens_most: int = Field(
        default=3, ge=1, le=20, description="Maximum number of directory tokens (SCIM) per enterprise."
    )
    directory_calls_a_minute: int = Field(
        default=1_200, ge=1, description="Maximum number of directory calls (SCIM) per token and minute."
    )
