"""Settings of the comparison of the market's services with those of sellers (saas-v2 §3.2)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class FulfilmentSettings(Group):
    """See ``Config.fulfilment``."""

    reconcile_batch: int = Field(
        default=50,
        ge=1,
        le=100,
        description="Instances per query when the market is compared with a seller (saas-v2 §3.2: at most 100).",
    )
    reconcile_at_once: int = Field(
        default=2, ge=1, le=16, description="Maximum concurrent queries to a seller during a comparison."
    )
    reconcile_ended_days: int = Field(
        default=90,
        ge=0,
        description="Days after its end for which a comparison still queries whether the seller has a service.",
    )
    keep_drift_days: int = Field(
        default=400,
        ge=0,
        description="Days after which resolved differences are deleted. 0: never.",
    )
