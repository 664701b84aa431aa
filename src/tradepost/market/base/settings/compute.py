"""Settings of the cloud that starts buyers' servers from images (rules §5)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from .group import Group

SANDBOX_CLOUD = "memory"


class ComputeSettings(Group):
    """See ``Config.compute``."""

    compute_adapter: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?$",
        description="Cloud that starts servers from images: ec2, openstack or huaweicloud with a cloud file, or module:NAME of "
        "an installed package (see the guide about clouds). Empty: a production market sells no images; a sandbox uses its "
        "built-in cloud (memory).",
    )
    compute_file: Path | None = Field(
        default=None,
        description="Cloud file in TOML with region, network, sizes and images, for ec2, openstack and huaweicloud.",
    )
    compute_access_key: SecretStr = Field(
        default=SecretStr(""),
        description="Access key of the cloud account (OpenStack: ID of an application credential). Replaces the one "
        "in the cloud file.",
    )
    compute_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key that belongs to the access key of the cloud account."
    )
    orphan_server_hours: int = Field(
        default=24,
        ge=0,
        description="Hours after which servers in the cloud are deleted that have the market's tag but belong to no "
        "order. 0: only operators delete them.",
    )
    servers_most: int = Field(default=20, ge=1, description="Maximum number of servers per buyer.")

    @field_validator("compute_file", mode="before")
    @classmethod
    def _empty_file_is_none(cls, value: object) -> object:
        return value or None
