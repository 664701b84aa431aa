"""Settings of the comparison of market and sellers; a part of ``Config``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class ReconcileSettings(BaseSettings):
    """See ``config``."""

    reconcile_batch: int = Field(
        default=50,
        ge=1,
        le=100,
        description="Instances that one query of a comparison asks for (saas-v2 §3.2: at most 100).",
    )
    reconcile_at_once: int = Field(
        default=2, ge=1, le=16, description="Queries of one comparison that a seller has to answer at a time."
    )
    reconcile_ended_days: int = Field(
        default=90, ge=0, description="So long a comparison asks whether a seller still has what has ended."
    )
    keep_comparisons_days: int = Field(
        default=30, ge=0, description="Calls that compared market and seller are deleted after these days; 0: never."
    )
    keep_access_calls_days: int = Field(
        default=90,
        ge=0,
        description="Calls that asked for access data when a buyer opened a service are deleted after these days; 0: never.",
    )
    keep_drift_days: int = Field(
        default=400,
        ge=0,
        description="Differences that are settled are deleted so long after they were found; 0: never.",
    )
