"""Settings of what the market may call; a part of ``Config``. Never editable in the console: a stolen session opens no network."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from .authorities import read_authorities
from .outbound_policy import OutboundPolicy, database_places, read_networks


class OutboundSettings(BaseSettings):
    """See ``config``."""

    networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Private networks that the market may call beside public addresses, separated by commas, such as "
        "10.20.0.0/16,fd12:3456::/48. Loopback, link-local and metadata addresses and the market's own database stay refused.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities that every outbound connection trusts beside those of the machine.",
    )

    @field_validator("networks", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return read_networks(value) if isinstance(value, str) else value

    @field_validator("networks")
    @classmethod
    def _check_networks(cls, value: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        return read_networks(",".join(map(str, value)))

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("ca_file")
    @classmethod
    def _check_ca_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_authorities(value)
        return value

    @model_validator(mode="after")
    def _read_once(self) -> OutboundSettings:
        self.outbound  # noqa: B018  # a file that changes later is not read again
        return self

    @cached_property
    def outbound(self) -> OutboundPolicy:
        """What this market may call and whose certificates it trusts."""
        return OutboundPolicy(
            sandbox=bool(getattr(self, "sandbox", False)),
            networks=self.networks,
            authorities=read_authorities(self.ca_file) if self.ca_file else "",
            database=database_places(str(getattr(self, "database_url", ""))),
        )
