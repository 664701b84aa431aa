"""Settings of joint operation: what sellers are told of enterprises and their people (openapi-jointkit §A); a part of ``Config``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class JointSettings(BaseSettings):
    """See ``config``."""

    sync_batch: int = Field(
        default=500,
        ge=1,
        le=500,
        description="Most people in one authSync; the protocol's limit is 500 (openapi-jointkit A.7).",
    )
    sync_unauthorise_flag: Literal[0, 3] = Field(
        default=3,
        description="How a seller is told of a member who stays and whose authorisation is withdrawn: 3 cancels the "
        "authorisation, 0 deletes the user. The first generation of the kit knows 0 alone (openapi-jointkit A.7).",
    )
    sync_retry_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="A failed joint-operation call is retried for these days, with growing waits of at most an hour; 0: never.",
    )
    oaep_digests: Literal["java", "bouncy_castle", "old"] = Field(
        default="java",
        description="Digests of the RSA-OAEP padding of client secrets: java is SHA-256 with MGF1-SHA-1, bouncy_castle SHA-256 "
        "twice, old SHA-1 twice (openapi-jointkit A.6).",
    )
    applications_most: int = Field(default=50, ge=1, description="Most application credentials of one seller.")
    keep_syncs_days: int = Field(
        default=400, ge=0, description="Runs of sync calls are deleted these days after they ended; 0: never."
    )
