"""Settings of usage records (openapi-jointkit §C.5)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class MeteringSettings(Group):
    """See ``Config.metering``."""

    usage_max_age_days: int = Field(
        default=21, ge=1, le=366, description="Maximum days between the beginning of a usage record and its push."
    )
    usage_future_skew_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="Seconds by which a usage record may end after the market's present time, for sellers whose clock "
        "is fast.",
    )
    usage_void_days: int = Field(
        default=21,
        ge=0,
        le=366,
        description="Days for which a seller may void a usage record, counted from its push, or from the refusal, "
        "cancellation or return of the last invoice for its month.",
    )
    keep_refused_usage_days: int = Field(
        default=365, ge=0, description="Days after which refused usage records are deleted. 0: never."
    )
