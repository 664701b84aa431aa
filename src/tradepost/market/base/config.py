"""Every setting of a market in one frozen object, read once from the environment and an optional file.

``config().currency`` is a setting that all contexts share; ``config().settlement.fee_share`` is one of a context. Both are read from
a flat variable, ``TRADEPOST_CURRENCY`` and ``TRADEPOST_FEE_SHARE``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .authorities import read_authorities
from .outbound_policy import OutboundPolicy, database_places
from .settings.applications import ApplicationSettings
from .settings.assets import AssetSettings
from .settings.audit import AuditSettings
from .settings.auth_centre import AuthCentreSettings
from .settings.billing import BillingSettings
from .settings.branding import BrandingSettings
from .settings.catalog import CatalogSettings
from .settings.compute import SANDBOX_CLOUD, ComputeSettings
from .settings.debugging import DebuggingSettings
from .settings.exports import ExportSettings
from .settings.fulfilment import FulfilmentSettings
from .settings.identity import IdentitySettings
from .settings.invoices import InvoiceSettings
from .settings.licenses import LicenseSettings
from .settings.metering import MeteringSettings
from .settings.notifications import NotificationSettings
from .settings.open_api import OpenApiSettings
from .settings.orders import OrderSettings
from .settings.organisations import OrganisationSettings
from .settings.payments import PaymentSettings
from .settings.probes import ProbeSettings
from .settings.production import ProductionSettings
from .settings.reading import by_context, fields_of
from .settings.review import ReviewSettings
from .settings.scim import ScimSettings
from .settings.service_desk import ServiceDeskSettings
from .settings.settlement import SettlementSettings
from .settings.shared import SharedSettings
from .settings.subscriptions import SubscriptionSettings
from .settings.supervision import SupervisionSettings
from .settings.web_scan import WebScanSettings
from .settings.work_queue import WorkQueueSettings


class Config(SharedSettings):
    """Settings of one market. Each reads ``TRADEPOST_<NAME>``; ``PORT`` and ``DATABASE_URL`` also go by those names."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_file=".env", populate_by_name=True)

    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    catalog: CatalogSettings = Field(default_factory=CatalogSettings)
    subscriptions: SubscriptionSettings = Field(default_factory=SubscriptionSettings)
    orders: OrderSettings = Field(default_factory=OrderSettings)
    payments: PaymentSettings = Field(default_factory=PaymentSettings)
    production: ProductionSettings = Field(default_factory=ProductionSettings)
    fulfilment: FulfilmentSettings = Field(default_factory=FulfilmentSettings)
    debugging: DebuggingSettings = Field(default_factory=DebuggingSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    web_scan: WebScanSettings = Field(default_factory=WebScanSettings)
    probes: ProbeSettings = Field(default_factory=ProbeSettings)
    open_api: OpenApiSettings = Field(default_factory=OpenApiSettings)
    auth_centre: AuthCentreSettings = Field(default_factory=AuthCentreSettings)
    invoices: InvoiceSettings = Field(default_factory=InvoiceSettings)
    settlement: SettlementSettings = Field(default_factory=SettlementSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    assets: AssetSettings = Field(default_factory=AssetSettings)
    licenses: LicenseSettings = Field(default_factory=LicenseSettings)
    exports: ExportSettings = Field(default_factory=ExportSettings)
    organisations: OrganisationSettings = Field(default_factory=OrganisationSettings)
    scim: ScimSettings = Field(default_factory=ScimSettings)
    applications: ApplicationSettings = Field(default_factory=ApplicationSettings)
    supervision: SupervisionSettings = Field(default_factory=SupervisionSettings)
    metering: MeteringSettings = Field(default_factory=MeteringSettings)
    billing: BillingSettings = Field(default_factory=BillingSettings)
    work_queue: WorkQueueSettings = Field(default_factory=WorkQueueSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    service_desk: ServiceDeskSettings = Field(default_factory=ServiceDeskSettings)
    notifications: NotificationSettings = Field(default_factory=NotificationSettings)
    branding: BrandingSettings = Field(default_factory=BrandingSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic names it; there is no folder of secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment comes before the file. Both have flat names."""
        flat = (source for source in (env_settings, dotenv_settings) if isinstance(source, EnvSettingsSource))
        return (
            init_settings,
            *(InitSettingsSource(settings_cls, by_context(settings_cls, source.env_vars)) for source in flat),
        )

    @model_validator(mode="after")
    def _no_sandbox_cloud_for_money(self) -> Config:
        if self.compute.compute_adapter == SANDBOX_CLOUD and not self.sandbox:
            raise ValueError("compute_adapter: the cloud of a sandbox starts no servers in a real market")
        return self

    @model_validator(mode="after")
    def _read_once(self) -> Config:
        self.outbound  # noqa: B018  # a file that changes later is not read again
        return self

    def named(self, name: str) -> Any:
        """Return the value of a setting, given its name alone. Raise ``LookupError`` if there is none."""
        for context, setting_name, _field in fields_of(type(self)):
            if setting_name == name:
                return getattr(getattr(self, context) if context else self, name)
        raise LookupError(name)

    @cached_property
    def outbound(self) -> OutboundPolicy:
        """What this market may call and whose certificates it trusts."""
        return OutboundPolicy(
            sandbox=self.sandbox,
            networks=self.networks,
            authorities=read_authorities(self.ca_file) if self.ca_file else "",
            database=database_places(self.database_url),
        )

    @property
    def cloud_name(self) -> str:
        """The adapter of this market's cloud. Empty where it has none."""
        return self.compute.compute_adapter or (SANDBOX_CLOUD if self.sandbox else "")

    def auth_centre_of(self, code: str) -> str:
        """The address of an enterprise's auth centre, given its code; also the issuer of its tokens (openapi-jointkit B.1)."""
        template = self.auth_centre.auth_centre_url or f"{self.base_url}/t/{{code}}"
        return template.replace("{code}", code)

    def secrets(self) -> tuple[str, ...]:
        """The secret key and the earlier ones, newest first; a key file is made at the first use when none is set."""
        current_key = self.secret_key.get_secret_value() or _key_file(self.data / "secret.key")
        return (current_key, *(k for k in self.old_secret_keys.get_secret_value().split(",") if k))


def _key_file(path: Path) -> str:
    """The key in the file, made at the first use: written aside and linked, so that no other process reads half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        temporary_path = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(temporary_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            path.hardlink_to(temporary_path)
        temporary_path.unlink()
    return path.read_text().strip()


@cache
def config() -> Config:
    """The settings of this process."""
    return Config()
