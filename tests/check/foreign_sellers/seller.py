"""Shared code of the foreign sellers: verification, parsing and storage, with the differences of each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from datetime import datetime
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

KEY = "another team's key / 7f+"

type Answer = tuple[dict[str, object], bytes]


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def mac(key: str, text: bytes) -> bytes:
    return hmac.new(key.encode(), text, hashlib.sha256).digest()


class Stamped:
    """signature, timestamp and nonce (saas-v1-license D2), in the URL or in headers (openapi-jointkit A.2)."""

    def __init__(self, *, in_headers: bool = False) -> None:
        self.in_headers = in_headers
        self.seen: dict[str, float] = {}
        self.lock = Lock()

    def check(self, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
        given = [headers.get(f"x-{n}", "") for n in ("sign", "timestamp", "nonce")]
        if not self.in_headers:
            given = [query.get(n, "") for n in ("signature", "timestamp", "nonce")]
        came, stamp, nonce = given
        if not (came and stamp and nonce and stamp.isascii() and stamp.isdigit()):
            # A missing parameter is an authentication failure here.
            raise Refused("000001")
        # Seconds are accepted too, as the guides of the licenses print them.
        milliseconds = int(stamp) if len(stamp) > 11 else int(stamp) * 1000
        part = body if self.in_headers else mac(KEY, body).hex().encode()
        right = mac(KEY, f"{KEY}{nonce}{stamp}".encode() + part).hex()
        if not hmac.compare_digest(right.encode(), came.lower().encode()):
            raise Refused("000001")
        if abs(time.time() * 1000 - milliseconds) > 60_000:
            raise Refused("000001")
        with self.lock:
            if nonce in self.seen:
                raise Refused("000001")
            self.seen[nonce] = time.time()


def texts(members: dict[str, object]) -> dict[str, str]:
    return {
        n: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False, separators=(",", ":"))
        for n, v in members.items()
    }


def token_holds(parameters: dict[str, str], came: str) -> bool:
    """authToken (saas-v1-license A1.2)."""
    line = "&".join(f"{n}={parameters[n]}" for n in sorted(parameters) if n != "authToken")
    right = base64.b64encode(mac(KEY + parameters.get("timeStamp", ""), line.encode())).decode()
    return hmac.compare_digest(right.encode(), came.encode())


def needs(members: dict[str, object], *names: str) -> list[str]:
    values = [members.get(name) for name in names]
    if any(not isinstance(value, str) or not value.strip() for value in values):
        raise Refused("000002")
    return [str(value) for value in values]


def moment(text: str) -> datetime:
    if len(text) not in {14, 17} or not text.isdigit():
        raise Refused("000002")
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise Refused("000002") from None


class Instances:
    """Sold instances: one row per order line."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.ids: dict[tuple[str, ...], str] = {}
        self.states: dict[str, str] = {}

    def create(self, *order: str) -> str:
        with self.lock:
            found = self.ids.setdefault(order, f"inst-{uuid.uuid4().hex}")
            self.states.setdefault(found, "active")
            return found

    def known(self, instance_id: str) -> None:
        if self.states.get(instance_id, "released") == "released":
            raise Refused("000003")

    def release(self, instance_id: str) -> None:
        if instance_id not in self.states:
            raise Refused("000003")
        self.states[instance_id] = "released"


class Seller:
    """``handle`` returns members of the answer, or raises ``Refused``."""

    protocol = ""
    http = "HTTP/1.1"
    content_type = "application/json;charset=UTF-8"
    signs = True
    blank = ""
    indent: int | None = None
    chunked = False
    more: dict[str, object] = {}

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        raise NotImplementedError

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        try:
            query = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
            said = self.handle(urlsplit(path).path, query, headers, body)
            said = {"resultCode": "000000", "resultMsg": "成功", **said}
        except Refused as refused:
            said = {"resultCode": refused.code, "resultMsg": "请求被拒绝"}
        except (ValueError, TypeError, KeyError, AttributeError):
            said = {"resultMsg": "bad request", "resultCode": "000002"}
        return json.dumps({**said, **self.more}, indent=self.indent).encode()


class JsonSeller(Seller):
    signs = False

    def __init__(self) -> None:
        self.stamped = Stamped()
        self.instances = Instances()

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        self.stamped.check(query, headers, body)
        members = json.loads(body.decode())
        if not isinstance(members, dict):
            raise Refused("000002")
        return self.act(str(members.get("activity")), members)

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        raise NotImplementedError
