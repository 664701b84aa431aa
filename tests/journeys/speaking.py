"""Sellers that speak a chosen protocol: on the kit at their own port, and an old one written without it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, override
from urllib.parse import parse_qsl, urlsplit

from tests.factories import make_address, make_product, make_seller
from tests.factories.products import MONTHLY, ONCE
from tradepost.kit import AppInfo, Create, Created, GetLicenseAsync, Pending, Reject, Release, Seller
from tradepost.kit.answers import Instance
from tradepost.kit.client import MarketClient
from tradepost.kit.serve import Server
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import User
from tradepost.protocols.commands import Encryption
from tradepost.protocols.registry import protocol as spoken
from tradepost.protocols.secret_fields import encrypt

KEY = "11111111-2222-3333-4444-555555555555"
APP = AppInfo(
    front_end_url="https://old.example/app",
    user_name="lantian-admin",
    password="Öffne-Sesam 7",
    memo="首次登录后请修改密码。",
)
LICENSE = "-----BEGIN LICENSE-----\nproduct=仿真\nseats=25\n-----END LICENSE-----\n"
KIND = {"saas_v1": "SAAS", "license_v1": "LICENSE", "license_online": "LICENSE"}


class Maker(Seller):
    """Create what its protocol can answer at once. With ``slow``, it answers "in progress" until ``finish``."""

    def __init__(self, store: Path, protocol: str, *, slow: bool = False) -> None:
        super().__init__(store=store, key=KEY, protocols=(protocol,))
        self.slow = slow
        self.created: list[Create] = []
        self.released: list[Release] = []

    @override
    def on_create(self, command: Create) -> Created | Pending:
        self.created.append(command)
        return Pending() if self.slow else Created(app=APP, license=LICENSE)

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self.released.append(command)


class Licensor(Maker):
    """Create a text at once, a file later, and nothing for a machine that it rejects."""

    def __init__(self, store: Path) -> None:
        super().__init__(store, "license_online")
        self.client: MarketClient | None = None
        self.asked: list[GetLicenseAsync] = []
        self.on_other(GetLicenseAsync)(self.on_license)

    def on_license(self, command: GetLicenseAsync) -> Pending | None:
        self.asked.append(command)
        match command.device_fingerprint:
            case "":
                raise Reject("000903", "which machine?")
            case "LATER":
                return Pending()
        assert self.client is not None
        self.client.upload_text(command.event_id, f"license of {command.device_fingerprint}")
        return None

    @override
    def on_release(self, *_: Any) -> None:
        pass


@contextmanager
def serving(seller: Seller, port: int) -> Iterator[None]:
    """Serve the seller at this port of loopback while the block runs."""
    server = Server(seller, "127.0.0.1", port)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(timeout=600)


def product_over(protocol: str, url: str, *, member: User | None = None, **fields: object) -> Product:
    """Return a product served over ``protocol`` at ``url``, sold by the month and once."""
    now = clock.now()
    seller = make_seller(signing_key=KEY, member=member, now=now)
    keys.rotate_signing_key(seller, spoken(protocol).key_class, now=now, secret=KEY)
    address = make_address(seller, url=url, protocol=protocol, now=now)
    kind = KIND[protocol]
    return make_product(seller, address=address, product_type=kind, now=now, **{"prices": (MONTHLY, ONCE), **fields})  # type: ignore[arg-type]


class OldSeller:
    """A SaaS 1.0 seller as the public samples write it: its own signatures, AES-128, and access data once it is
    ``ready``. Answers to queries have the usage, if there is any."""

    def __init__(self) -> None:
        self.ready = True
        self.password, self.instance = APP.password, ""
        self.usage = ""
        self.asked: list[dict[str, str]] = []
        self.url = ""

    def answer(self, query: dict[str, str]) -> dict[str, object]:
        if self._token(query) != query.get("authToken"):
            return {"resultCode": "000001", "resultMsg": "authToken"}
        self.asked.append(query)
        if query["activity"] == "releaseInstance":
            return {"resultCode": "000000", "resultMsg": "success."}
        if query["activity"] == "queryInstance" and self.usage:
            return {"resultCode": "000000", "resultMsg": "success.", "info": [self._used(query["instanceId"])]}
        if query["activity"] != "newInstance":
            return {"resultCode": "000002", "resultMsg": "not offered"}
        made: dict[str, object] = {
            "resultCode": "000000", "resultMsg": "success.", "instanceId": self.instance or f"of-{query['orderId']}"
        }  # fmt: skip
        if self.ready:
            app = {
                "frontEndUrl": APP.front_end_url,
                "userName": _aes128(APP.user_name),
                "password": _aes128(self.password),
            }
            made |= {"encryptType": "2", "appInfo": app}
        return made

    def _used(self, instance: str) -> dict[str, object]:
        """Return usage without user name and password: A2.8 makes them optional."""
        usage = {"usageValue": self.usage, "statisticalTime": "20261101000000000"}
        return {"instanceId": instance, "appInfo": {"frontEndUrl": APP.front_end_url}, "usageInfo": [usage]}

    @staticmethod
    def _token(query: dict[str, str]) -> str:
        text = "&".join(f"{name}={query[name]}" for name in sorted(query) if name != "authToken")
        return _base64_hmac(KEY + query.get("timeStamp", ""), text.encode())

    def of(self, activity: str) -> list[dict[str, str]]:
        return [query for query in self.asked if query["activity"] == activity]


def _aes128(plain: str) -> str:
    return encrypt(plain, key=KEY, iv="AbCdEfGh12345678", encryption=Encryption.AES128)


def _base64_hmac(key: str, data: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), data, hashlib.sha256).digest()).decode()


@contextmanager
def old_seller() -> Iterator[OldSeller]:
    seller = OldSeller()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(seller.answer(dict(parse_qsl(urlsplit(self.path).query)))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Body-Sign", f'sign_type="HMAC-SHA256", signature= "{_base64_hmac(KEY, body)}"')
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    seller.url = f"http://127.0.0.1:{server.server_port}/produce"
    try:
        yield seller
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=600)
