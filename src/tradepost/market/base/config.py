"""Every setting of a market in one frozen object, read once from the environment and an optional file."""

from __future__ import annotations

import contextlib
import os
import secrets
from datetime import time
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from .auth_centre_settings import AuthCentreSettings
from .change_settings import ChangeSettings
from .channel_settings import ChannelSettings
from .compute_settings import ComputeSettings
from .console_settings import ConsoleSettings
from .file_settings import FileSettings
from .joint_settings import JointSettings
from .life_settings import LifeSettings
from .organisation_settings import OrganisationSettings
from .outbound_settings import OutboundSettings
from .payment_settings import PaymentSettings
from .reconcile_settings import ReconcileSettings
from .refund_settings import RefundSettings
from .renewal_settings import RenewalSettings
from .service_desk_settings import ServiceDeskSettings
from .settlement_settings import SettlementSettings
from .supervision_settings import SupervisionSettings
from .usage_settings import UsageSettings

WIDEST_OF_PROXIES = {4: 8, 6: 32}
"""Prefix lengths by IP version. A wider network holds visitors, too."""


class Config(
    LifeSettings,
    ChangeSettings,
    RenewalSettings,
    RefundSettings,
    ReconcileSettings,
    ChannelSettings,
    ServiceDeskSettings,
    ConsoleSettings,
    PaymentSettings,
    UsageSettings,
    SupervisionSettings,
    JointSettings,
    OrganisationSettings,
    FileSettings,
    ComputeSettings,
    SettlementSettings,
    AuthCentreSettings,
    OutboundSettings,
):
    """Settings of one market. Each reads ``TRADEPOST_<NAME>``; ``PORT`` and ``DATABASE_URL`` also go by those names."""

    model_config = SettingsConfigDict(
        env_prefix="TRADEPOST_", frozen=True, extra="ignore", env_file=".env", populate_by_name=True
    )

    data: Path = Field(default=Path("data"), description="Folder of the embedded database, the secret key and files.")
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("TRADEPOST_DATABASE_URL", "DATABASE_URL"),
        description="postgresql://user:password@host:port/name; empty means SQLite in the data folder.",
    )
    port: int = Field(
        default=8000,
        validation_alias=AliasChoices("TRADEPOST_PORT", "PORT"),
        ge=1,
        le=65535,
        description="Port that the web server listens on.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the web server listens on.")
    public_url: str = Field(default="", description="How people and sellers reach this market, for example in mails.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Host names that are answered, separated by commas; empty means those of public_url."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Networks of the proxies whose X-Forwarded-For is believed, separated by commas.",
    )
    connections_per_client: int = Field(
        default=256,
        ge=8,
        description="Connections that one address (IPv6: /64) may hold open to a web process. Trusted proxies are exempt.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Signs sessions and seals secrets; made in the data folder when empty."
    )
    old_secret_keys: SecretStr = Field(
        default=SecretStr(""), description="Earlier secret keys, separated by commas: still read, never written."
    )
    sandbox: bool = Field(
        default=False, description="A market for trying: its clock can be moved, loopback is allowed."
    )
    debug: bool = Field(default=False, description="Show errors with their sources; never in a real market.")
    currency: str = Field(default="CNY", min_length=3, max_length=3, description="Currency of balances and new prices.")
    members_most: int = Field(
        default=50, ge=1, description="Members that a seller may have beside its owner, open invitations included."
    )
    invitation_days: int = Field(
        default=7, ge=1, le=90, description="So long an invitation to a seller can be accepted."
    )
    invitations_a_day: int = Field(
        default=100, ge=1, description="Invitations that one seller may have mailed in a day."
    )
    domains_most: int = Field(default=50, ge=1, description="Domains that a seller may register.")
    attributes_most: int = Field(default=200, ge=1, description="Attributes that a seller may keep for its products.")
    domain_recheck_days: int = Field(
        default=7, ge=1, description="The proof of a domain is looked at again after these days."
    )
    domain_failures: int = Field(
        default=3, ge=1, description="Looks in a row, a day apart, without finding the proof until it lapses."
    )
    looks_an_hour: int = Field(
        default=60,
        ge=1,
        description="Looks for proofs, and tests of addresses, that one seller may ask for in an hour.",
    )
    unpaid_timeout_minutes: int = Field(default=1440, ge=1, description="An unpaid order is cancelled after this time.")
    body_sign: Literal["required", "optional"] = Field(
        default="required", description="Default of new production addresses: is an answer without Body-Sign accepted?"
    )
    seller_timeout_seconds: float = Field(default=20.0, gt=0, description="Longest wait for a seller's answer.")
    seller_concurrency: int = Field(default=16, ge=1, description="Calls in flight to one seller at a time.")
    seller_answer_limit: int = Field(default=1_048_576, ge=1024, description="Largest answer that is read, in bytes.")
    worker_concurrency: int = Field(default=512, ge=1, description="Calls in flight in one worker process.")
    breaker_failures: int = Field(default=5, ge=1, description="Failures in a row that open an address's breaker.")
    breaker_pause_seconds: int = Field(
        default=60, ge=1, description="First pause of an open breaker; doubles, at most 15 min."
    )
    open_api_skew_seconds: int = Field(
        default=900, ge=1, description="Largest clock difference of a signed open API request."
    )
    open_api_rate: str = Field(
        default="100/second", description="Requests of one access key, in the notation of `limits`."
    )
    keep_api_answers_days: int = Field(
        default=7,
        ge=1,
        description="First answers to buyers' programs are repeated for these days; then an idempotency key is free again.",
    )
    keep_tries_days: int = Field(
        default=1, ge=1, description="Counts of tries to log in are deleted these days after they ended."
    )
    second_step_for_operators: bool = Field(
        default=False, description="Whether the console opens only to operators who have two-step sign-in on."
    )
    mail_url: str = Field(
        default="",
        description="smtp://user:password@host:port, smtps:// for TLS, smtp+starttls://; empty writes files.",
    )
    mail_from: str = Field(default="Tradepost <noreply@localhost>", description="Sender of mails.")
    support_email: str = Field(default="", description="Shown to buyers who need a person.")
    keep_attempt_bodies_days: int = Field(
        default=90, ge=0, description="Bodies of attempts are emptied after these days; 0 keeps them for ever."
    )
    keep_attempts_days: int = Field(
        default=400, ge=0, description="Attempts of ended calls are deleted after these days; 0: never."
    )
    keep_moves_days: int = Field(
        default=1825,
        ge=0,
        description="History is deleted after these days, that of orders, subscriptions and operations excepted; 0: never.",
    )
    keep_quotes_days: int = Field(
        default=400,
        ge=0,
        description="Quotes that orders used are deleted after these days; the order keeps its price lines. 0: never.",
    )
    keep_notices_days: int = Field(default=365, ge=0, description="Notices are deleted after these days; 0: never.")
    keep_sent_mails_days: int = Field(
        default=90,
        ge=0,
        description="Mails and other messages that were sent, or were not to be, are deleted after these days; 0: never.",
    )
    keep_expired_sessions_days: int = Field(
        default=1, ge=0, description="Sessions are deleted these days after they ended; 0: never."
    )
    keep_unconfirmed_accounts_days: int = Field(
        default=30,
        ge=0,
        description="Accounts that hold nothing, whose address was never confirmed, are deleted after these days; 0: never.",
    )
    leased_jobs_at_once: int = Field(
        default=4, ge=1, le=64, description="Jobs that wait for others' servers in one worker process at a time."
    )
    keep_test_calls_days: int = Field(
        default=30,
        ge=0,
        description="Test calls that no saved debug case shows are deleted after these days; 0: never.",
    )
    test_calls_at_once: int = Field(
        default=4, ge=1, le=16, description="Test calls of one seller that may wait or be in flight at a time."
    )
    keep_leased_jobs_days: int = Field(
        default=30, ge=0, description="Jobs that waited for others' servers are deleted after these days; 0: never."
    )
    keep_invitations_days: int = Field(
        default=90, ge=0, description="Invitations to sellers are deleted these days after they expired; 0: never."
    )
    keep_hourly_counts_days: int = Field(
        default=400,
        ge=0,
        description="Counts of attempts by hour and worker are summed up after these days; 0: never.",
    )
    retention_at: time = Field(
        default=time(3, 30), description="When old rows are deleted each night, in the market's time zone."
    )
    replay_valid_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="How old the replay of a product's debug cases may be when an operator approves it (minutes).",
    )
    entry_min_staff: int = Field(
        default=15, ge=0, description="Least technical and support team of a company that enters (rules §1.4)."
    )
    entry_min_days: int = Field(default=365, ge=0, description="Least age of such a company, in days.")
    entry_min_capital: int = Field(
        default=500_000, ge=0, description="Least registered capital of such a company, in main units of the currency."
    )
    web_tasks_most: int = Field(
        default=50, ge=1, description="Web sites that a seller may have in its list of web checks (rules §17.10)."
    )
    web_scans_at_once: int = Field(
        default=5, ge=1, description="Web checks of one seller that may wait or run at a time (rules §2.7)."
    )
    web_scans_a_day: int = Field(default=20, ge=1, description="Web checks that one seller may begin in 24 hours.")
    web_scan_valid_days: int = Field(
        default=90, ge=1, description="How long a web check without a high finding lets a product be handed in (days)."
    )
    keep_web_scans_days: int = Field(
        default=400,
        ge=0,
        description="Reports of web checks are deleted after these days, but for those that a product was handed in with; 0: never.",
    )
    sslyze: str = Field(
        default="sslyze",
        description="Command of the TLS scanner sslyze; without it web checks say that TLS versions were not tested.",
    )
    certify_attempts: int = Field(
        default=3, ge=1, description="Refused applications in a row that lock a seller's business certification."
    )
    probe_slots: str = Field(
        default="09:00-11:00,15:00-17:00",
        description="When saved cases are probed each day, in the market's time zone: at most one slot before noon and one "
        "after (saas-v2 §6). Empty: never.",
    )
    probe_tries: int = Field(default=3, ge=1, le=10, description="Tries of a case in a slot until it counts as failed.")
    probe_gap_minutes: int = Field(default=10, ge=1, le=60, description="Between two such tries.")
    probe_freeze_days: int = Field(
        default=5,
        ge=0,
        description="Failing days in a row after which trading is frozen (saas-v2 §6); 0: by operators alone.",
    )
    probe_judges: Literal["needed", "all"] = Field(
        default="needed", description="By which of its saved cases a product fails: those that it needs, or all."
    )
    probe_protocols: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(
            "saas_v1",
            "saas_v2",
            "license_code",
            "license_online",
            "joint_kit_v1",
            "joint_kit_v2",
            "order_notice",
        ),
        description="Protocols whose saved cases are probed, separated by commas; those of the joint-operation kit at the "
        "addresses of the applications with which products were published (openapi-jointkit §A.10), order notifications at "
        "the addresses that are notified of their orders.",
    )
    probe_places_percent: int = Field(
        default=10, ge=1, le=100, description="Of the places for calls that probes take at most."
    )
    probe_void_percent: int = Field(
        default=30, ge=1, le=100,
        description="A slot in which more of the addresses could not be reached says nothing: the fault is most likely ours.",
    )  # fmt: skip
    probe_void_addresses: int = Field(default=20, ge=1, description="From so many addresses in a slot on.")
    keep_probes_days: int = Field(
        default=90,
        ge=0,
        description="Probes with their calls are deleted after these days, days' verdicts stay; 0: never.",
    )
    failed_orders_month: int = Field(
        default=5,
        ge=0,
        description="Orders of a product in a month that its interface may fail; one more asks operators to delist it "
        "(rules §10).",
    )
    log_format: Literal["json", "console"] = Field(default="json", description="JSON lines, or text for a person.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("probe_slots")
    @classmethod
    def _slots(cls, value: str) -> str:
        slots = _windows(value)
        if any(closes <= opens for _, opens, closes in slots) or len({half for half, *_ in slots}) < len(slots):
            raise ValueError("at most one slot before noon and one after, each from an earlier time to a later one")
        return value

    @property
    def probe_windows(self) -> tuple[tuple[str, time, time], ...]:
        """The slots for probes in their order: ``am`` or ``pm``, and from when until when first tries are made."""
        return _windows(self.probe_slots)

    @field_validator("allowed_hosts", "trusted_proxies", "probe_protocols", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, value: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        for network in value:
            if network.prefixlen < WIDEST_OF_PROXIES[network.version]:
                raise ValueError(
                    f"{network} is too wide for proxies: every visitor in it could choose the address that limits count by. "
                    "List the addresses of the proxies alone."
                )
        return value

    @property
    def base_url(self) -> str:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  # compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def public_host(self) -> str:
        """The host of ``base_url`` in lower case."""
        return urlsplit(self.base_url).hostname or ""

    def auth_centre_of(self, code: str) -> str:
        """The address of an enterprise's auth centre, given its code; also the issuer of its tokens (openapi-jointkit B.1)."""
        template = self.auth_centre_url or f"{self.base_url}/t/{{code}}"
        return template.replace("{code}", code)

    @property
    def files(self) -> Path:
        """Where files that people hand in are kept."""
        return self.data / "files"

    @property
    def uploads(self) -> Path:
        """Where files of assets lie until they are whole: on the disk of ``files``."""
        return self.data / "uploads"

    def secrets(self) -> tuple[str, ...]:
        """The secret key and the earlier ones, newest first; a key file is made at the first use when none is set."""
        current = self.secret_key.get_secret_value() or _key_file(self.data / "secret.key")
        return (current, *(k for k in self.old_secret_keys.get_secret_value().split(",") if k))


def _windows(text: str) -> tuple[tuple[str, time, time], ...]:
    """Raises ``ValueError`` for what is no list of times."""
    pairs = (part.strip().partition("-") for part in text.split(",") if part.strip())
    windows = [(time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())) for begins, _, ends in pairs]
    return tuple(("am" if begins < time(12) else "pm", begins, ends) for begins, ends in sorted(windows))


def _key_file(path: Path) -> str:
    """The key in the file, made at the first use: written aside and linked, so that no other process reads half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            path.hardlink_to(aside)
        aside.unlink()
    return path.read_text().strip()


@cache
def config() -> Config:
    """The settings of this process."""
    return Config()
