"""Honest sellers on the kit for every protocol version, the base of the mutants of the smaller versions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tradepost.kit import AppInfo, Create, Created, Pending, Query, Reject, Seller
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Expire, GetLicenseAsync

from .shop import Shop

APP = AppInfo(front_end_url="https://shop.example.com/", user_name="管理员", password="p+w/d 1", memo="备注 memo")


class AnySeller(Shop):
    """Sell licenses as well as instances."""

    def on_create(self, command: Create) -> Created | Pending:
        """A repeat in SaaS 1.0 gets the data of a query, so both agree."""
        queried = any(Query in version.activities for version in self._versions)
        return Created(app=self.app(command.business_id) if queried else APP, license="LICENSE-1")


def any_seller(place: Path, name: str, kind: type[Shop] = AnySeller) -> Seller:
    wire = registry.protocol(name)
    seller = kind(place, wire)
    for command in wire.activities:
        # The kit treats an expiry as a freeze.
        if command not in seller._handlers and command not in {Query, Expire}:
            seller.on_other(command, partial(_known, seller))
    return seller


def _known(seller: Seller, command: Command) -> None:
    """The kit answers success; a license is issued to an existing instance."""
    if isinstance(command, GetLicenseAsync):
        instance = seller.store.find(command.instance_id)
        if instance is None or instance.state == "released":
            raise Reject("000003", "no such instance")
