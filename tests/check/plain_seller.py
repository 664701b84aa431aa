"""An honest seller that shares nothing with the kit: other JSON formatting, chunked answers, its own code for every
rule.

It does what is allowed and unusual, so that a check that mistakes the kit's habits for the protocol fails.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from tests import waiting

KEY = "a plain seller's key 91b3"
KNOWN = {
    "newInstance": ("orderId", "orderLineId", "businessId"),
    "queryInstance": ("instanceId",),
    "refreshInstance": ("scene", "orderId", "orderLineId", "instanceId", "expireTime"),
    "updateInstanceStatus": ("instanceId", "status"),
    "releaseInstance": ("instanceId",),
}
SCENES = {"TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD"}


class PlainSeller:
    """``strict``: accept only one spelling of the content type besides the market's, and only letters and digits as
    nonces."""

    def __init__(self, *, strict: bool = False, raw_message: bool = False) -> None:
        self.strict = strict
        self.raw_message = raw_message
        self.lock = Lock()
        self.nonces: set[str] = set()
        self.ids: dict[tuple[str, str], str] = {}
        self.states: dict[str, str] = {}

    def answer(self, path: str, content_type: str, body: bytes) -> dict[str, object]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        refusal = self.refusal(query, body)
        if refusal:
            return {"resultCode": refusal, "resultMsg": "refused"}
        if content_type.split(";", maxsplit=1)[0].strip() != "application/json":
            return {"resultMsg": "JSON please", "resultCode": "000002"}
        try:
            members = json.loads(body.decode())
            return self.act(members)
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"resultCode": "000002", "resultMsg": "cannot be read"}

    def refusal(self, query: dict[str, str], body: bytes) -> str:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not timestamp.isascii() or not timestamp.isdigit() or abs(time.time() * 1000 - int(timestamp)) > 60_000:
            return "000002"
        if not nonce or (self.strict and not nonce.isalnum()):
            return "000002"
        inner = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        right = hmac.new(KEY.encode(), f"{KEY}{nonce}{timestamp}{inner}".encode(), hashlib.sha256).hexdigest()
        if query.get("signature", "").lower().encode() != right.encode():
            return "000001"
        with self.lock:
            if nonce in self.nonces:
                return "000001"
            self.nonces.add(nonce)
        return ""

    def act(self, members: dict[str, str]) -> dict[str, object]:
        activity = members["activity"]
        if any(not members[name].strip() for name in KNOWN[activity]):
            raise ValueError
        ok: dict[str, object] = {"resultCode": "000000", "resultMsg": ""}
        ok["resultMsg"] = "成功"
        if members.get("testFlag") == "1":
            return self.rehearse(members, ok)
        if activity == "newInstance":
            return self.create(members, ok)
        if activity == "queryInstance":
            return self.query(members["instanceId"].split(","), ok)
        state = self.states.get(members["instanceId"])
        if state is None:
            return {"resultCode": "000003", "resultMsg": "unknown"}
        if activity == "releaseInstance":
            self.states[members["instanceId"]] = "released"
            return ok
        if state == "released":
            return {"resultCode": "000003", "resultMsg": "released"}
        if activity == "refreshInstance":
            if members["scene"] not in SCENES or len(members["expireTime"]) not in {14, 17}:
                raise ValueError
            datetime.strptime(members["expireTime"][:14], "%Y%m%d%H%M%S")  # noqa: DTZ007
        elif members["status"] not in {"FREEZE", "UNFREEZE"}:
            raise ValueError
        return ok

    def rehearse(self, members: dict[str, str], ok: dict[str, object]) -> dict[str, object]:
        """Return one preset instance for every debug call."""
        if members["activity"] == "newInstance":
            return {**ok, "instanceId": "preset-0001"}
        if members["activity"] == "queryInstance":
            ok["info"] = [{"instanceId": i} for i in members["instanceId"].split(",")]
        return ok

    def create(self, members: dict[str, str], ok: dict[str, object]) -> dict[str, object]:
        with self.lock:
            order = (members["orderId"], members["orderLineId"])
            instance_id = self.ids.setdefault(order, f"i_{uuid.uuid4().hex}")
            self.states.setdefault(instance_id, "active")
        return {"instanceId": instance_id, **ok}

    def query(self, ids: list[str], ok: dict[str, object]) -> dict[str, object]:
        """Success without entries for unknown ids: the code is undocumented (saas-v2 §3.2)."""
        known = [i for i in ids if self.states.get(i) not in {None, "released"}]
        if not known:
            return ok
        made = time.strftime("%Y-%m-%d %H:%M:%S")
        app = {"frontEndUrl": "https://plain.example.com/", "memo": f"密码已发送至手机 {made}", "adminUrl": None}
        return {**ok, "info": [{"appInfo": app, "instanceId": i} for i in known]}


@contextmanager
def serving(seller: PlainSeller, *, stops_after: int = 0) -> Iterator[str]:
    """``stops_after``: number of requests after which the server stops."""
    left = stops_after

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = seller.answer(self.path, self.headers["Content-Type"], body)
            nonlocal left
            left -= 1
            if left == 0:
                server.socket.close()
                Thread(target=server.shutdown, daemon=True).start()
            # Blanks and line ends are allowed: the signed bytes are the sent bytes.
            out = json.dumps(said, indent=1).encode() + b"\n"
            if seller.raw_message:
                out = out.replace(b"\\u6210\\u529f", "成功".encode())
            sign = base64.b64encode(hmac.new(KEY.encode(), out, hashlib.sha256).digest()).decode()
            self.send_response(200)
            self.send_header("content-type", "application/json; charset=UTF-8")
            self.send_header("Body-Sign", f'sign_type="HMAC-SHA256",signature="{sign}"')
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(out), 40):
                piece = out[at : at + 40]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *arguments: object) -> None:
            """Suppress the log."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/produce?tenant=7"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(waiting.TIMEOUT)
