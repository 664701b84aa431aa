"""Settings of the cloud that starts buyers' servers from images (business-rules §5); a part of ``Config``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

SANDBOX_CLOUD = "memory"


class ComputeSettings(BaseSettings):
    """See ``config``."""

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
        description="Access key of the cloud account (OpenStack: id of an application credential). Replaces the one in the "
        "cloud file.",
    )
    compute_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key that belongs to the access key of the cloud account."
    )
    orphan_server_hours: int = Field(
        default=24,
        ge=0,
        description="Servers in the cloud that carry the market's tag but belong to no order are deleted after these hours; "
        "0: only by an operator.",
    )
    servers_most: int = Field(default=20, ge=1, description="Servers that one buyer may have at a time.")

    @field_validator("compute_file", mode="before")
    @classmethod
    def _empty_file_is_none(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _no_sandbox_cloud_for_money(self) -> ComputeSettings:
        if self.compute_adapter == SANDBOX_CLOUD and not getattr(self, "sandbox", False):
            raise ValueError("compute_adapter: the cloud of a sandbox starts no servers in a real market")
        return self

    @property
    def cloud_name(self) -> str:
        """Of the cloud of this market; empty where it has none."""
        return self.compute_adapter or (SANDBOX_CLOUD if getattr(self, "sandbox", False) else "")
