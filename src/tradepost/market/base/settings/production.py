"""Settings of calls to sellers and how long they are kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .group import Group


class ProductionSettings(Group):
    """See ``Config.production``."""

    body_sign: Literal["required", "optional"] = Field(
        default="required",
        description="Default of new production addresses: whether responses must have a Body-Sign header.",
    )
    seller_timeout_seconds: float = Field(default=20.0, gt=0, description="Timeout of a call to a seller in seconds.")
    seller_concurrency: int = Field(default=16, ge=1, description="Maximum concurrent calls to one seller.")
    seller_answer_limit: int = Field(
        default=1_048_576, ge=1024, description="Maximum size of a seller's response in bytes."
    )
    worker_concurrency: int = Field(default=512, ge=1, description="Maximum concurrent calls in one worker process.")
    breaker_failures: int = Field(
        default=5, ge=1, description="Number of consecutive failures that open the circuit breaker of an address."
    )
    breaker_pause_seconds: int = Field(
        default=60, ge=1, description="First pause of an open circuit breaker in seconds. It doubles up to 15 minutes."
    )
    keep_attempt_bodies_days: int = Field(
        default=90, ge=0, description="Days after which bodies of attempts are emptied. 0: never."
    )
    keep_attempts_days: int = Field(
        default=400, ge=0, description="Days after which attempts of ended calls are deleted. 0: never."
    )
    keep_hourly_counts_days: int = Field(
        default=400,
        ge=0,
        description="Days after which attempt counts by hour and worker are summed up. 0: never.",
    )
    keep_comparisons_days: int = Field(
        default=30,
        ge=0,
        description="Days after which calls that compared the market with a seller are deleted. 0: never.",
    )
    keep_access_calls_days: int = Field(
        default=90,
        ge=0,
        description="Days after which calls are deleted that requested access data when a buyer opened a service. 0: "
        "never.",
    )
