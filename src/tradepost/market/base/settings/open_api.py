"""Settings of the APIs for programs of sellers and buyers."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class OpenApiSettings(Group):
    """See ``Config.open_api``."""

    open_api_skew_seconds: int = Field(
        default=900,
        ge=1,
        description="Maximum difference in seconds between the clocks of the market and of a signed request to the "
        "open API.",
    )
    open_api_rate: str = Field(
        default="100/second", description="Rate limit per access key, in the notation of the library `limits`."
    )
    keep_api_answers_days: int = Field(
        default=7,
        ge=1,
        description="Days for which the first response to a buyer's program is repeated. Then the idempotency key can "
        "be used again.",
    )
