"""A correct SaaS 2.0 seller on asyncio streams that provisions in tasks, each instance with its own account."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

KEY = "an asyncio seller's key 5d0c"
SCENES = {"TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE"}
NEEDED = {
    "newInstance": ("orderId", "orderLineId", "businessId"),
    "queryInstance": ("instanceId",),
    "refreshInstance": ("scene", "orderId", "orderLineId", "instanceId", "expireTime"),
    "updateInstanceStatus": ("instanceId", "status"),
    "releaseInstance": ("instanceId",),
    "upgradeInstance": ("instanceId", "orderId", "orderLineId"),
    "changeInstanceCheck": ("instanceId", "productInfo"),
}

type Members = dict[str, object]


class Refused(Exception):
    """``code``: the resultCode."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _mac(text: bytes) -> bytes:
    return hmac.digest(KEY.encode(), text, "sha256")


class Seller:
    """Everything runs in one loop, so no lock is needed. Each instance has an account. A released one keeps its order."""

    def __init__(self) -> None:
        self.nonces: dict[str, float] = {}
        self.orders: dict[tuple[str, str], str] = {}
        self.instances: dict[str, Members] = {}

    async def answer(self, target: str, body: bytes) -> bytes:
        try:
            self.authenticate({name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}, body)
            said = await self.act(self.read(body))
        except Refused as refused:
            said = {"resultCode": refused.code, "resultMsg": "refused"}
        return json.dumps({"resultCode": "000000", "resultMsg": "success", **said}).encode()

    def authenticate(self, query: dict[str, str], body: bytes) -> None:
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (stamp.isascii() and stamp.isdigit()) or abs(time.time() * 1000 - int(stamp)) > 60_000 or not nonce:
            raise Refused("000002")
        right = _mac(f"{KEY}{nonce}{stamp}{_mac(body).hex()}".encode()).hex()
        if not hmac.compare_digest(query.get("signature", "").lower().encode(), right.encode()):
            raise Refused("000001")
        now = time.monotonic()
        self.nonces = {seen: until for seen, until in self.nonces.items() if until > now}
        if nonce in self.nonces:
            raise Refused("000001")
        self.nonces[nonce] = now + 120

    def read(self, body: bytes) -> Members:
        try:
            members = json.loads(body)
        except ValueError:
            raise Refused("000002") from None
        needed = NEEDED.get(str(members.get("activity"))) if isinstance(members, dict) else None
        if needed is None or not all(members.get(name) for name in needed):
            raise Refused("000002")
        if not all(isinstance(members[name], dict if name == "productInfo" else str) for name in needed):
            raise Refused("000002")
        return members

    async def act(self, members: Members) -> Members:
        activity, test = members["activity"], members.get("testFlag") == "1"
        if activity == "newInstance":
            return {"instanceId": members["businessId"] if test else self.create(members)}
        ids = str(members["instanceId"]).split(",")
        self.check(str(activity), members)
        if activity == "queryInstance":
            return self.query(ids, test=test)
        if test:
            return {}
        if ids[0] not in self.instances:
            raise Refused("000003")
        instance = self.instances[ids[0]]
        if activity == "releaseInstance":
            instance["state"] = "released"
        elif instance["state"] == "released" and activity in {"refreshInstance", "updateInstanceStatus"}:
            # No page says what follows a release for the other two: they are accepted without an effect.
            raise Refused("000003")
        return {}

    def check(self, activity: str, members: Members) -> None:
        if activity == "refreshInstance":
            try:
                datetime.strptime(str(members["expireTime"])[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007
            except ValueError:
                raise Refused("000002") from None
            if members["scene"] not in SCENES:
                raise Refused("000002")
        if activity == "updateInstanceStatus" and members["status"] not in {"FREEZE", "UNFREEZE"}:
            raise Refused("000002")

    def create(self, members: Members) -> str:
        order = (str(members["orderId"]), str(members["orderLineId"]))
        if order not in self.orders:
            instance_id = self.orders[order] = str(members["businessId"])
            self.instances[instance_id] = {"state": "pending", "password": uuid.uuid4().hex}
            task = asyncio.get_running_loop().create_task(self.provision(instance_id))
            self.instances[instance_id]["task"] = task
        return self.orders[order]

    async def provision(self, instance_id: str) -> None:
        await asyncio.sleep(0.02)
        if self.instances[instance_id]["state"] == "pending":
            self.instances[instance_id]["state"] = "active"

    def query(self, ids: list[str], *, test: bool) -> Members:
        states = [self.instances.get(i, {}).get("state", "released") for i in ids]
        if not test and "released" in states:
            raise Refused("000003")
        if not test and "pending" in states:
            return {"resultCode": "000004", "resultMsg": "in creation"}
        return {"info": [{"instanceId": i, "appInfo": self.app(i)} for i in ids]}

    def app(self, instance_id: str) -> Members:
        password = self.instances.get(instance_id, {}).get("password", "preset")
        front = f"https://aio.example.com/{instance_id}?ticket={uuid.uuid4().hex}"
        return {"frontEndUrl": front, "userName": f"u-{instance_id[:8]}", "password": password, "memo": "备注"}


async def _serve_connection(seller: Seller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve until the other side asks to close the connection."""
    try:
        while request := await reader.readline():
            headers = {}
            while line := (await reader.readline()).strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            out = await seller.answer(request.split()[1].decode("latin-1"), body)
            keep = headers.get("connection", "").lower() != "close"
            sign = base64.b64encode(_mac(out)).decode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                + f'Body-Sign: sign_type="HMAC-SHA256", signature="{sign}"\r\n'.encode()
                + b"connection: %b\r\n" % (b"keep-alive" if keep else b"close")
                + b"content-length: %d\r\n\r\n" % len(out)
                + out
            )
            await writer.drain()
            if not keep:
                break
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@contextmanager
def serving(seller: Seller) -> Iterator[str]:
    """Run the loop in a separate thread and yield the address."""
    started, ports = Event(), []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: _serve_connection(seller, reader, writer), "127.0.0.1", 0, backlog=256
        )
        ports.append(server.sockets[0].getsockname()[1])
        stop.append((asyncio.get_running_loop(), asyncio.Event()))
        started.set()
        async with server:
            await stop[0][1].wait()

    thread = Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield f"http://127.0.0.1:{ports[0]}/produce"
    finally:
        loop, over = stop[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
