"""The market's side for tests of the kit: signed requests in, decoded outcomes out."""

from __future__ import annotations

import http.client
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tradepost.kit import AppInfo, Create, Created, Query, Refresh, Release, Scene, Seller, SetStatus, Upgrade
from tradepost.kit.answers import Instance
from tradepost.protocols import registry
from tradepost.protocols.commands import CallResult, CheckChange, Command, InstanceStatus, Rejected
from tradepost.protocols.http import Request, Response

KEY = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ADDRESS = "https://seller.example.com/produce"
APP = AppInfo(front_end_url="https://app.example.com/", user_name="admin", password="first-password", memo="备注")
PROTOCOL = registry.protocol("saas_v2")


def real_now() -> datetime:
    """The time for requests to servers in other processes, which read the clock."""
    return datetime.now(UTC)


def nonce() -> str:
    return secrets.token_hex(16)


def encode(command: Command, *, now: datetime = NOW, key: str = KEY, address: str = ADDRESS) -> Request:
    return PROTOCOL.encode(command, address=address, key=key, now=now, nonce=nonce())


def decode(command: Command, response: Response, *, key: str = KEY) -> CallResult:
    """Verify ``Body-Sign`` in its exact spelling. An invalid answer is an ``Unreachable``."""
    return PROTOCOL.decode(command, response, key=key, require_body_sign=True)


def ask(seller: Seller, command: Command, *, now: datetime = NOW) -> CallResult:
    response = seller.respond(encode(command, now=now), now, nonce())
    assert response.status == 200
    return decode(command, response)


def rejected(seller: Seller, command: Command, *, now: datetime = NOW) -> tuple[str, str]:
    outcome = ask(seller, command, now=now)
    assert isinstance(outcome, Rejected), outcome
    return outcome.code, outcome.message


def stored_instance(seller: Seller, instance_id: str) -> Instance:
    instance = seller.store.find(instance_id)
    assert instance is not None
    return instance


def send(url: str, command: Command, *, key: str = KEY) -> CallResult:
    """Send over a socket, at the real time."""
    request = encode(command, now=real_now(), address=url, key=key)
    return decode(command, exchange(request), key=key)


def exchange(request: Request) -> Response:
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(request.method, target, body=request.body, headers=dict(request.headers))
        answer = connection.getresponse()
        return Response(answer.status, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def create(order: str = "CS1", *, line: int = 1, business_id: str = "", test: bool = False) -> Create:
    return Create(
        order_id=order, order_line_id=f"{order}-{line:06}", business_id=business_id or f"business-{nonce()}", test=test
    )


def query(*instance_ids: str, test: bool = False) -> Query:
    return Query(instance_ids=instance_ids, test=test)


def refresh(instance_id: str, expires_at: datetime = NOW + timedelta(days=365), *, test: bool = False) -> Refresh:
    return Refresh(
        instance_id=instance_id,
        scene=Scene.RENEWAL,
        order_id="CS2",
        order_line_id="CS2-000001",
        expires_at=expires_at,
        test=test,
    )


def freeze(instance_id: str, *, test: bool = False) -> SetStatus:
    return SetStatus(instance_id=instance_id, status=InstanceStatus.FREEZE, test=test)


def unfreeze(instance_id: str) -> SetStatus:
    return SetStatus(instance_id=instance_id, status=InstanceStatus.UNFREEZE)


def release(instance_id: str, *, test: bool = False) -> Release:
    return Release(instance_id=instance_id, test=test)


def upgrade(instance_id: str, order: str = "CS3", *, test: bool = False) -> Upgrade:
    return Upgrade(instance_id=instance_id, order_id=order, order_line_id=f"{order}-000001", test=test)


def check_change(instance_id: str, *, test: bool = False) -> CheckChange:
    return CheckChange(
        instance_id=instance_id, product_id="OFFI1", sku_code="sku", product_name="Name", linear_value=5, test=test
    )


class Recorder(Seller):
    """An honest seller that records what reached its functions."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[tuple[str, str]] = []
        super().__init__(key=KEY, **options)

    def on_create(self, command: Create) -> Created:
        self.seen.append(("create", command.business_id))
        return Created(app=APP)

    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.seen.append(("refresh", instance.instance_id))

    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.seen.append((command.status, instance.instance_id))

    def on_release(self, command: Release, instance: Instance) -> None:
        self.seen.append(("release", instance.instance_id))

    def on_upgrade(self, command: Upgrade, instance: Instance) -> None:
        self.seen.append(("upgrade", instance.instance_id))

    def on_check_change(self, command: CheckChange, instance: Instance) -> None:
        self.seen.append(("check", instance.instance_id))
