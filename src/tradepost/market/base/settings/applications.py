"""Settings of joint operation: what sellers receive about enterprises and members (openapi-jointkit §A)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .group import Group


class ApplicationSettings(Group):
    """See ``Config.applications``."""

    sync_batch: int = Field(
        default=500,
        ge=1,
        le=500,
        description="Maximum number of people in one authSync. The protocol's limit is 500 (openapi-jointkit A.7).",
    )
    sync_unauthorise_flag: Literal[0, 3] = Field(
        default=3,
        description="Flag that the market sends for a member who stays in the enterprise but loses the authorisation: "
        "3 cancels the authorisation, 0 deletes the user. Version 1.0 of the kit supports only 0 "
        "(openapi-jointkit A.7).",
    )
    sync_retry_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="Days for which a failed joint-operation call is retried, at growing intervals of at most an "
        "hour. 0: never.",
    )
    oaep_digests: Literal["java", "bouncy_castle", "old"] = Field(
        default="java",
        description="Digests of the RSA-OAEP padding of client secrets: java is SHA-256 with MGF1-SHA-1, "
        "bouncy_castle is SHA-256 twice, old is SHA-1 twice (openapi-jointkit A.6).",
    )
    applications_most: int = Field(
        default=50, ge=1, description="Maximum number of application credentials per seller."
    )
    keep_syncs_days: int = Field(
        default=400, ge=0, description="Days after which ended runs of sync calls are deleted. 0: never."
    )
