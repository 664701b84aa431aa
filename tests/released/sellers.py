"""Sellers on loopback, one for each protocol. They fail when told to, and know every instance that they are asked
about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, override
from urllib.parse import urlsplit

from tradepost.kit import AppInfo, Create, Created, Instance, InstanceInfo, Pending, Query, Reject, Seller, UsageInfo
from tradepost.kit.serve import running
from tradepost.kit.sqlite_store import SQLiteStore
from tradepost.market.base import clock
from tradepost.protocols.commands import CheckChange, Command, GetLicenseAsync, Refresh, Release, SetStatus, Upgrade

KEY = "the signing key of a market that was released"
PROTOCOLS = ("saas_v2", "saas_v1", "license_v1", "license_online")
LICENSE = "-----BEGIN LICENSE-----\nproduct=仿真\nseats=25\n-----END LICENSE-----\n"
APP = AppInfo(
    front_end_url="https://app.qingxie.example/t/1", user_name="lantian", password="Open-Sesame-7", memo="请改密码"
)  # fmt: skip
THREADS = 32
SILENT = "http://127.0.0.1:9"
"""An address where no server listens."""

type Route = Callable[[str, str], str]
"""Maps the address of a seller and its protocol to the address of the server that answers there."""


@dataclass(slots=True)
class Instructions:
    """What the sellers are told: ``refuse`` and ``wait`` hold pairs of a command's name and an order (of a creation) or
    instance; ``no_access`` the orders without access data so far; ``silent``, ``garbled`` hosts."""

    refuse: set[tuple[str, str]] = field(default_factory=set)
    wait: set[tuple[str, str]] = field(default_factory=set)
    no_access: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    garbled: set[str] = field(default_factory=set)
    metered: set[str] = field(default_factory=set)


def instance_of(order_number: str) -> str:
    """Return the sellers' ID for the instance of an order."""
    return f"i-{order_number}"


class KnowingStore(SQLiteStore):
    """A store that has every instance, as that of a seller who created it before this run."""

    @override
    def find(self, instance_id: str) -> Instance | None:
        if super().find(instance_id) is None:
            now, key = clock.wall(), f"known {instance_id}"
            self.claim(key, owner=key, first_id=instance_id, now=now, until=now + timedelta(days=1))
            order = instance_id.removeprefix("i-")
            self.keep_created(key, key, Instance(instance_id=instance_id, order_id=order, app=APP))
        return super().find(instance_id)


class ObedientSeller(Seller):
    """Execute every command unless told not to."""

    def __init__(self, store: Path, protocol: str, will: Instructions) -> None:
        super().__init__(
            store=KnowingStore(store, durable=False), key=KEY, protocols=(protocol,), patience=timedelta(0)
        )
        self.will = will
        self._license = LICENSE if protocol == "license_v1" else ""
        self.on_other(GetLicenseAsync)(self.on_license)

    def _heed(self, command: Command, about: str) -> Pending | None:
        asked = (_name(command), about)
        if asked in self.will.refuse:
            raise Reject("000005", "the disk of this seller is full")
        return Pending() if asked in self.will.wait else None

    @override
    def on_create(self, command: Create) -> Created | Pending:
        # A seller that answers 000004 remembers the creation: it is called again, and finishes it when it may.
        if self._heed(command, command.order_id):
            raise Reject("000004", "processing")
        app = None if command.order_id in self.will.no_access else APP
        return Created(app=app, instance_id=instance_of(command.order_id), license=self._license)

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        self._heed(command, instance.instance_id)
        app = None if instance.instance_id.removeprefix("i-") in self.will.no_access else APP
        used = UsageInfo(value=Decimal("12.5"), at=clock.wall())
        usage = (used,) if instance.instance_id in self.will.metered else ()
        return InstanceInfo(instance_id=instance.instance_id, app=app, usage=usage)

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> Pending | None:
        return self._heed(command, command.instance_id)

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> Pending | None:
        return self._heed(command, command.instance_id)

    @override
    def on_release(self, command: Release, instance: Instance) -> Pending | None:
        return self._heed(command, command.instance_id)

    def on_license(self, command: GetLicenseAsync) -> Pending | None:
        return self._heed(command, command.instance_id)

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> Pending | None:
        return self._heed(command, command.instance_id)

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        return self._heed(command, command.instance_id) is None


def _name(command: Command) -> str:
    """Return the name of a command. A status change has two names, since one may be refused and the other not."""
    return f"SetStatus {command.status.value}" if isinstance(command, SetStatus) else type(command).__name__


def _garbled(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A proxy that answers for a server which may have acted."""
    start_response("502 Bad Gateway", [("Content-Type", "text/html")])
    return [b"<h1>502 Bad Gateway</h1>"]


@contextmanager
def answering(folder: Path, will: Instructions | None = None) -> Iterator[Route]:
    """Run the servers of all sellers and yield the route to them. Without instructions, they execute everything."""
    told = will or Instructions()
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(ObedientSeller(folder / f"{name}.db", name, told), threads=THREADS))
            for name in PROTOCOLS
        }
        garbled = stack.enter_context(running(_garbled))

        def route(url: str, protocol: str) -> str:
            parts = urlsplit(url)
            if parts.hostname in told.silent:
                return f"{SILENT}{parts.path}"
            return f"{garbled if parts.hostname in told.garbled else servers[protocol]}{parts.path}"

        yield route
