"""The honest seller that every mutant is derived from: it shows what it sold, until when, and the usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any

from tradepost.kit import (
    AppInfo,
    CheckChange,
    Create,
    Created,
    Instance,
    InstanceInfo,
    Pending,
    Query,
    Refresh,
    Release,
    Seller,
    SetStatus,
    SQLiteStore,
    Upgrade,
    UsageInfo,
)
from tradepost.protocols.contract import SellerProtocol

KEY = "0123456789abcdef0123456789ABCDEF"


class Shop(Seller):
    """``wire``: the protocol object that it speaks."""

    def __init__(self, folder: Path, wire: SellerProtocol, *, key: str = KEY, **options: Any) -> None:
        store = SQLiteStore(folder / f"shop-{wire.name}.db", durable=False)
        super().__init__(store=store, key=key, protocols=(wire.name,), **options)
        self._versions = (wire,)
        self.folder = folder

    def on_create(self, command: Create) -> Created | Pending:
        return Created(app=self.app(command.business_id))

    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        app = self.app(instance.instance_id, self.expiry(instance))
        return InstanceInfo(instance_id=instance.instance_id, app=app, usage=(self.usage(),))

    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        """The kit stores the expiry."""

    def on_status(self, command: SetStatus, instance: Instance) -> None:
        """The kit stores the state."""

    def on_release(self, command: Release, instance: Instance) -> None:
        """The kit stores the state."""

    def on_upgrade(self, command: Upgrade, instance: Instance) -> None:
        """This shop does not depend on the purchase."""

    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        return True

    def app(self, instance_id: str, expires_at: datetime | None = None) -> AppInfo:
        until = "" if expires_at is None else f", expires {expires_at:%Y-%m-%d %H:%M:%S} UTC"
        return AppInfo(
            front_end_url=f"https://shop.example.com/{instance_id}",
            admin_url=f"https://shop.example.com/{instance_id}/admin",
            user_name="admin@shop",
            password="first+pass/word 1",
            memo=f"初始密码 first password{until}",
        )

    def expiry(self, instance: Instance) -> datetime | None:
        return instance.expires_at

    def usage(self) -> UsageInfo:
        return UsageInfo(value=Decimal("12.5"), at=datetime.now(UTC) - timedelta(minutes=1))


class SlowShop(Shop):
    """Honest, but an instance is ready only some time after its order."""

    def on_create(self, command: Create) -> Pending:
        timer = Timer(0.2, self.finish, [command.business_id, self.app(command.business_id)])
        timer.daemon = True
        timer.start()
        return Pending()
