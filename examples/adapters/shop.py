"""The product of all framework examples: an account whose password is generated here and stored by the kit."""

from __future__ import annotations

import secrets
from pathlib import Path

from tradepost.kit import AppInfo, CheckChange, Create, Created, Instance, Refresh, Release, Seller, SetStatus, Upgrade


def make_seller(key: str, data: Path) -> Seller:
    """Return a seller whose register is a file in ``data``. The empty functions are the places for your product."""
    seller = Seller(store=data / "seller.db", key=key)

    @seller.on(Create)
    def create(command: Create) -> Created:
        user_name = f"user-{command.business_id[:8]}"
        return Created(
            app=AppInfo(front_end_url="http://127.0.0.1:9000/", user_name=user_name, password=secrets.token_urlsafe(12))
        )

    @seller.on(Refresh)
    def refresh(command: Refresh, instance: Instance) -> None:
        print(f"{instance.instance_id} now ends at {command.expires_at:%Y-%m-%d %H:%M} UTC")

    @seller.on(SetStatus)
    def set_status(command: SetStatus, instance: Instance) -> None:
        print(f"{instance.instance_id}: {command.status}")

    @seller.on(Release)
    def release(command: Release, instance: Instance) -> None:
        print(f"{instance.instance_id} is deleted{f', because of {command.order_id}' if command.order_id else ''}")

    @seller.on(Upgrade)
    def upgrade(command: Upgrade, instance: Instance) -> None:
        print(f"{instance.instance_id} moves to what {command.order_id} says")

    @seller.on(CheckChange)
    def check_change(command: CheckChange, instance: Instance) -> bool:
        print(f"may {instance.instance_id} become {command.product_name}?")
        return command.linear_value is None or command.linear_value > 0

    return seller
