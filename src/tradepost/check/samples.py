"""Correct commands of every kind, with new IDs that no seller has seen before."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tradepost.protocols import commands as c
from tradepost.protocols import sync_commands as sync
from tradepost.protocols.client_secret import encrypt

UNREADABLE_SECRET = base64.b64encode(bytes(384)).decode()
DEPARTMENT = sync.Department(code="D01", name="R&D")


@dataclass(frozen=True, slots=True)
class Order:
    """A market's order: ``CS…`` and its line."""

    order_id: str
    line: int = 1

    @property
    def line_id(self) -> str:
        return f"{self.order_id}-{self.line:06}"


@dataclass(frozen=True, slots=True)
class Samples:
    """``chance``: returns at least 32 fresh alphanumerics."""

    clock: Callable[[], datetime]
    chance: Callable[[], str]
    public_key: str = ""
    fingerprint: str = "tradepost-check"

    def order(self) -> Order:
        return Order(f"CS{self.clock():%y%m%d%H%M}{self.chance()[:10].upper()}")

    def business_id(self) -> str:
        text = (self.chance() + self.chance()).lower()[:32]
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))

    def unknown_id(self) -> str:
        """Return the ID of an instance that cannot exist."""
        return self.business_id()

    def create(self, order: Order | None = None, *, business_id: str = "", test: bool = False) -> c.Create:
        order = order or self.order()
        now = self.clock().replace(microsecond=0)
        return c.Create(
            order_id=order.order_id,
            order_line_id=order.line_id,
            business_id=business_id or self.business_id(),
            buyer=c.Buyer(customer_id="68cbc86abc2018ab880d92f36422fa0e", customer_name="tradepost-check"),
            purchase=self.purchase(now),
            test=test,
        )

    def purchase(self, now: datetime) -> c.Purchase:
        return c.Purchase(
            product_id="OFFI461867333479178240",
            sku_code="d0abcd12-1234-5678-ab12-11ab111a1a1a",
            product_name="Tradepost check",
            charging_mode=c.ChargingMode.PERIOD,
            period_type="month",
            period_number=1,
            quantity=1,
            expires_at=now + timedelta(days=30),
            amount=Decimal(0),
        )

    def refresh(
        self,
        instance_id: str,
        expires_at: datetime | None = None,
        *,
        scene: c.Scene = c.Scene.RENEWAL,
        order: Order | None = None,
        test: bool = False,
    ) -> c.Refresh:
        order = order or self.order()
        return c.Refresh(
            instance_id=instance_id,
            scene=scene,
            order_id=order.order_id,
            order_line_id=order.line_id,
            # Not the current hour: other checks test the reading of hours.
            expires_at=expires_at or (self.clock() + timedelta(days=60)).replace(hour=9, second=0, microsecond=0),
            product_id="OFFI461867333479178240",
            test=test,
        )

    def status(self, instance_id: str, *, freeze: bool, test: bool = False) -> c.SetStatus:
        status = c.InstanceStatus.FREEZE if freeze else c.InstanceStatus.UNFREEZE
        return c.SetStatus(instance_id=instance_id, status=status, order_id=self.order().order_id, test=test)

    def release(self, instance_id: str, *, with_order: bool = True, test: bool = False) -> c.Release:
        order = self.order()
        return c.Release(
            instance_id=instance_id,
            order_id=order.order_id if with_order else "",
            order_line_id=order.line_id if with_order else "",
            test=test,
        )

    def upgrade(self, instance_id: str, order: Order | None = None, *, test: bool = False) -> c.Upgrade:
        order = order or self.order()
        now = self.clock().replace(microsecond=0)
        return c.Upgrade(
            instance_id=instance_id,
            order_id=order.order_id,
            order_line_id=order.line_id,
            purchase=self.purchase(now),
            test=test,
        )

    def check_change(
        self, instance_id: str, *, name: str = "Team", number: int | None = 5, test: bool = False
    ) -> c.CheckChange:
        return c.CheckChange(
            instance_id=instance_id,
            product_id="OFFI461867333479178240",
            sku_code="d0abcd12-1234-5678-ab12-11ab111a1a1a",
            product_name=name,
            linear_value=number,
            test=test,
        )

    def license(self, instance_id: str, *, test: bool) -> c.GetLicenseAsync:
        now = self.clock().replace(microsecond=0)
        return c.GetLicenseAsync(
            instance_id=instance_id,
            event_id=self.chance(),
            effective_at=now,
            expires_at=now + timedelta(days=365),
            device_fingerprint=self.fingerprint,
            test=test,
        )

    def notice(self, *, test: bool) -> c.NotifyOrder:
        order = self.order()
        return c.NotifyOrder(order_id=order.order_id, order_line_id=order.line_id, test=test)

    def tenant(self, *, test: bool) -> sync.SyncTenant:
        tenant_id = self.chance()
        return sync.SyncTenant(
            tenant_id=tenant_id,
            tenant_code=f"t{tenant_id[:12]}",
            name="Tradepost check",
            domain_name="https://tenant.example.com",
            flag=sync.SyncFlag.ADD,
            test=test,
        )

    def application(self, *, test: bool) -> sync.SyncApplication:
        """Return an application; without a public key its secret has the right length but cannot be decrypted."""
        return sync.SyncApplication(
            tenant_id=self.chance(),
            app_id=self.chance(),
            client_id=self.chance(),
            encrypted_secret=encrypt("tradepost-check", self.public_key) if self.public_key else UNREADABLE_SECRET,
            flag=sync.SyncFlag.ADD,
            test=test,
        )

    def users(self, *, test: bool) -> sync.SyncAuth:
        user = sync.SyncedUser(user_name="zhangsan", name="Zhang San", org_code="D01", admin=True, enabled=True)
        return sync.SyncAuth(
            tenant_id=self.chance(),
            app_id=self.chance(),
            users=(user,),
            synced_at=self.clock().replace(microsecond=0),
            flag=sync.SyncFlag.ADD,
            test=test,
        )

    def of(self, kind: type[c.Command], instance_id: str, *, test: bool = False) -> c.Command | None:
        """Return a correct command of the kind for the instance; None for an unknown kind."""
        makers: dict[type[c.Command], Callable[[], c.Command]] = {
            c.Create: lambda: self.create(test=test),
            c.Query: lambda: c.Query(instance_ids=(instance_id,), test=test),
            c.Refresh: lambda: self.refresh(instance_id, test=test),
            c.SetStatus: lambda: self.status(instance_id, freeze=True, test=test),
            c.Release: lambda: self.release(instance_id, test=test),
            c.Upgrade: lambda: self.upgrade(instance_id, test=test),
            c.CheckChange: lambda: self.check_change(instance_id, test=test),
            c.Expire: lambda: c.Expire(instance_id=instance_id, order_id=self.order().order_id, test=test),
            c.GetLicenseAsync: lambda: self.license(instance_id, test=test),
            c.NotifyOrder: lambda: self.notice(test=test),
            sync.SyncTenant: lambda: self.tenant(test=test),
            sync.SyncApplication: lambda: self.application(test=test),
            sync.SyncAuth: lambda: self.users(test=test),
            sync.SyncOrg: lambda: sync.SyncOrg(
                tenant_id=self.chance(), department=DEPARTMENT, flag=sync.SyncFlag.ADD, test=test
            ),
            sync.SyncAllOrgs: lambda: sync.SyncAllOrgs(tenant_id=self.chance(), departments=(DEPARTMENT,), test=test),
        }
        return makers[kind]() if kind in makers else None
