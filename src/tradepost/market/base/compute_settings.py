"""Settings of the cloud that starts buyers' servers from images (business-rules §5); a part of ``Config``."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

SANDBOX_CLOUD = "memory"


class ComputeSettings(BaseSettings):
    """See ``config``."""

    compute_adapter: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?$",
        description="The cloud that starts servers from images: module:NAME of an installed package (see the guide about "
        "clouds). Empty: a real market sells no images; a sandbox plays a cloud of its own (memory).",
    )
    servers_most: int = Field(default=20, ge=1, description="Servers that one buyer may have at a time.")

    @model_validator(mode="after")
    def _no_sandbox_cloud_for_money(self) -> ComputeSettings:
        if self.compute_adapter == SANDBOX_CLOUD and not getattr(self, "sandbox", False):
            raise ValueError("compute_adapter: the cloud of a sandbox starts no servers in a real market")
        return self

    @property
    def cloud_name(self) -> str:
        """Of the cloud of this market; empty where it has none."""
        return self.compute_adapter or (SANDBOX_CLOUD if getattr(self, "sandbox", False) else "")
