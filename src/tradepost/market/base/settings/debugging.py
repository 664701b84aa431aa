"""Settings of test calls of sellers."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class DebuggingSettings(Group):
    """See ``Config.debugging``."""

    test_calls_at_once: int = Field(
        default=4,
        ge=1,
        le=16,
        description="Maximum number of test calls of one seller that are waiting or in progress.",
    )
    keep_test_calls_days: int = Field(
        default=30,
        ge=0,
        description="Days after which test calls without a saved debug case are deleted. 0: never.",
    )
