"""Settings that all contexts share: where the market is, its keys, and what it may call."""

from __future__ import annotations

from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from tradepost.market.base.authorities import read_authorities
from tradepost.market.base.outbound_policy import read_networks

from .group import split_at_commas

MIN_PROXY_PREFIX = {4: 8, 6: 32}
"""Prefix lengths by IP version. A wider network holds visitors, too."""


class SharedSettings(BaseSettings):
    """The part of ``Config`` that belongs to no context. ``networks`` and ``ca_file`` are never editable in the console: a stolen
    session must not open a network."""

    data: Path = Field(default=Path("data"), description="Folder of the embedded database, the secret key and files.")
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("TRADEPOST_DATABASE_URL", "DATABASE_URL"),
        description="postgresql://user:password@host:port/name. Empty: SQLite in the data folder.",
    )
    port: int = Field(
        default=8000,
        validation_alias=AliasChoices("TRADEPOST_PORT", "PORT"),
        ge=1,
        le=65535,
        description="Port that the web server listens on.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the web server listens on.")
    public_url: str = Field(
        default="", description="Address at which people and sellers reach this market, for example in mails."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names that the market answers, separated by commas. Empty: the host of public_url.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Networks of the proxies whose X-Forwarded-For header is accepted, separated by commas.",
    )
    connections_per_client: int = Field(
        default=256,
        ge=8,
        description="Maximum open connections of one address (IPv6: one /64 network) to a web process. Trusted "
        "proxies are exempt.",
    )
    networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Private networks that the market may call in addition to public addresses, separated by commas, "
        "such as 10.20.0.0/16,fd12:3456::/48. Loopback, link-local and metadata addresses and the "
        "market's own database are always refused.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities that every outbound connection trusts in addition to those "
        "of the machine.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key that signs sessions and seals secrets. Empty: created in the data folder.",
    )
    old_secret_keys: SecretStr = Field(
        default=SecretStr(""), description="Earlier secret keys, separated by commas. They are used for reading only."
    )
    sandbox: bool = Field(
        default=False,
        description="Whether this is a market for trials, whose clock can be moved and which may call loopback "
        "addresses.",
    )
    debug: bool = Field(
        default=False, description="Whether error pages show source code. Never use it in a production market."
    )
    currency: str = Field(default="CNY", min_length=3, max_length=3, description="Currency of balances and new prices.")
    review_day_ends: time = Field(
        default=time(18), description="End of an operators' working day, in the market's time zone."
    )
    keep_moves_days: int = Field(
        default=1825,
        ge=0,
        description="Days after which history is deleted, except that of orders, subscriptions and operations. 0: "
        "never.",
    )
    leased_jobs_at_once: int = Field(
        default=4, ge=1, le=64, description="Maximum concurrent jobs in one worker process that wait for other servers."
    )
    keep_leased_jobs_days: int = Field(
        default=30, ge=0, description="Days after which ended jobs that waited for other servers are deleted. 0: never."
    )
    retention_at: time = Field(
        default=time(3, 30), description="Time of the nightly deletion of old data, in the market's time zone."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="Format of the log: json for JSON lines, or text for people."
    )
    log_level: str = Field(
        default="INFO", description="Lowest level of logged messages: DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_at_commas(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, value: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        for network in value:
            if network.prefixlen < MIN_PROXY_PREFIX[network.version]:
                raise ValueError(
                    f"{network} is too wide for proxies: every visitor in it could choose the address that limits count by. "
                    "List the addresses of the proxies alone."
                )
        return value

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

    @property
    def base_url(self) -> str:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  # compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def public_host(self) -> str:
        """The host of ``base_url`` in lower case."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def files(self) -> Path:
        """Where files that people hand in are kept."""
        return self.data / "files"

    @property
    def uploads(self) -> Path:
        """Where files of assets lie until they are whole: on the disk of ``files``."""
        return self.data / "uploads"
