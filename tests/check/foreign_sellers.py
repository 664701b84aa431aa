"""Right sellers of the smaller versions that share nothing with the kit, each with habits of some framework.

Written from the specification alone: what is allowed and unusual is here on purpose, so that a check that takes the kit's
habits for the protocol is found out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
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
            # Whatever is missing is a matter of authentication here.
            raise Refused("000001")
        # Seconds are read as well, as the guides of the licenses print them.
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
    """What was sold: one row an order line."""

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
    """``handle`` gives members of the answer, or raises ``Refused``."""

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


class CodeSeller(JsonSeller):
    """Authorization codes: it knows those that were activated, none in a test; looks them up before anything else."""

    protocol = "license_code"
    http = "HTTP/1.0"

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        if activity not in {"refreshLicenseCode", "updateLicenseCodeStatus", "releaseLicenseCode"}:
            raise Refused("000002")
        needs(members, "license")
        if members.get("testFlag") == "1":
            return {}
        raise Refused("000003")


class CarelessCodeSeller(JsonSeller):
    """The public C# server (saas-v1-license B2.2): codes are not kept; 000002 for what it does not know, else 000000."""

    protocol = "license_code"
    indent = 2

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        scenes, states = {"RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD"}, {"FREEZE", "UNFREEZE"}
        needs(members, "license")
        if activity == "refreshLicenseCode":
            needs(members, "orderId", "orderLineId", "expireTime")
            if members.get("scene") not in scenes:
                raise Refused("000002")
        elif activity == "updateLicenseCodeStatus":
            if members.get("status") not in states:
                raise Refused("000002")
        elif activity != "releaseLicenseCode":
            raise Refused("000002")
        return {}


class OnlineSeller(JsonSeller):
    """Online License: ids at once, licenses only for instances whose order the market confirms (saas-v1-license B3)."""

    protocol = "license_online"
    content_type = "application/json"
    chunked = True

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        test = members.get("testFlag") == "1"
        if activity == "newInstance":
            order, line, business = needs(members, "orderId", "orderLineId", "businessId")
            return {"instanceId": business if test else self.instances.create(order, line), "extra": [1, 2]}
        (instance_id,) = needs(members, "instanceId")
        if activity == "refreshInstance":
            _, _, scene, until = needs(members, "orderId", "orderLineId", "scene", "expireTime")
            moment(until)
            if scene not in {"TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD"}:
                raise Refused("000002")
        elif activity == "updateInstanceStatus":
            if members.get("status") not in {"FREEZE", "UNFREEZE"}:
                raise Refused("000002")
        elif activity == "getLicenseAsync":
            needs(members, "effectiveTime", "eventId")
            datetime.fromisoformat(str(members["effectiveTime"])[:19])
            if members.get("expireTime"):
                datetime.fromisoformat(str(members["expireTime"])[:19])
        elif activity != "releaseInstance":
            raise Refused("000002")
        if test:
            return {}
        if activity == "releaseInstance":
            self.instances.release(instance_id)
            return {}
        self.instances.known(instance_id)
        return self.issue() if activity == "getLicenseAsync" else {}

    def issue(self) -> dict[str, object]:
        return {"resultCode": "000004", "resultMsg": "the licence comes by upload"}


class NoFingerprintSeller(OnlineSeller):
    def issue(self) -> dict[str, object]:
        raise Refused("000903")


class NoticeSeller(JsonSeller):
    """Writes notices down and asks the market later (saas-v1-license D1)."""

    protocol = "order_notice"
    http = "HTTP/1.0"
    more = {"timestamp": 1764061234567, "success": True, "data": None}

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        if activity != "orderNotify":
            raise Refused("000002")
        needs(members, "orderId", "orderLineId")
        if members.get("testFlag") not in {None, "0", "1"}:
            raise Refused("000002")
        return {}


class AskingNoticeSeller(NoticeSeller):
    """Asks the market at once, which knows none of a tester's orders."""

    http = "HTTP/1.1"
    more = {}

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        said = super().act(activity, members)
        if members.get("testFlag") != "1":
            raise Refused("000005")
        return said


class LicenseSeller(Seller):
    """License 1.0: everything in the query, the answer signed (saas-v1-license B1)."""

    protocol = "license_v1"
    blank = " "
    indent = 1

    def __init__(self) -> None:
        self.instances = Instances()

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        if not token_holds(query, query.get("authToken", "")):
            raise Refused("000001")
        activity, test = query.get("activity", ""), query.get("testFlag") == "1"
        members: dict[str, object] = dict(query)
        if activity == "getLicense":
            order, *_ = needs(members, "orderId", "customerId", "businessId", "productId")
            instance_id = "debug-0001" if test else self.instances.create(order)
            return {"instanceId": instance_id, "license": f"-----BEGIN-----\n{instance_id}\n-----END-----"}
        (instance_id,) = needs(members, "instanceId")
        if activity == "refreshLicense":
            _, until = needs(members, "orderId", "expireTime")
            moment(until)
        elif activity not in {"releaseLicense", "expireLicense"}:
            raise Refused("000002")
        if test:
            return {}
        if activity == "releaseLicense":
            self.instances.release(instance_id)
        else:
            self.instances.known(instance_id)
        return {}


class KitSeller(Seller):
    """Joint operation 2.0: tenants, applications, departments, users in tables; secrets are decrypted at once."""

    protocol = "joint_kit_v2"
    prefix = "/produceAPI/v2/"
    flags: tuple[int, ...] = (0, 1, 2)

    def __init__(self, *, decrypts: bool) -> None:
        self.stamped = Stamped(in_headers=True)
        self.decrypts = decrypts
        self.tenants: set[str] = set()
        self.apps: set[tuple[str, str]] = set()

    def authentic(self, headers: dict[str, str], body: bytes) -> dict[str, object]:
        self.stamped.check({}, headers, body)
        return dict(json.loads(body.decode()))

    def rows(self, members: dict[str, object], name: str) -> list[dict[str, object]]:
        found = members[name]
        if not isinstance(found, list):
            raise Refused("000002")
        return found

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        members = self.authentic(headers, body)
        operation = path.rpartition(self.prefix)[2]
        (tenant,) = needs(
            members,
            "tenantId",
        )
        if not {"testFlag", "timeStamp"} <= members.keys():
            raise Refused("000002")
        flag = members.get("flag")
        if operation != "allOrgSync" and (
            isinstance(flag, bool) or flag not in self.flags + (3,) * (operation == "authSync")
        ):
            raise Refused("000002")
        act: dict[str, Callable[[dict[str, object], str], None]] = {
            "tenantSync": self.tenant,
            "applicationSync": self.application,
            "authSync": self.users,
            "singleOrgSync": self.department,
            "allOrgSync": self.departments,
        }
        if operation not in act:
            raise Refused("000002")
        act[operation](members, tenant)
        return {}

    def tenant(self, members: dict[str, object], tenant: str) -> None:
        needs(members, "tenantCode", "name", "domainName")
        if members["testFlag"] == 1:
            return
        if members["flag"] == 0:
            self.tenants.discard(tenant)
        else:
            self.tenants.add(tenant)

    def application(self, members: dict[str, object], tenant: str) -> None:
        app, *_ = needs(members, "appId", "clientId", "clientSecret")
        if self.decrypts:
            # No private key fits what a tester invents (openapi-jointkit A.6).
            raise Refused("000101")
        if members["testFlag"] != 1:
            self.bound(tenant)
            self.apps.add((tenant, app))

    def users(self, members: dict[str, object], tenant: str) -> None:
        (app, _) = needs(members, "appId", "currentSyncTime")
        users = self.rows(members, "userList")
        for user in users:
            needs(user, "userName", "name", "orgCode", "role", "enable")
        if members["testFlag"] != 1:
            self.bound(tenant)
            if (tenant, app) not in self.apps:
                raise Refused("000005")

    def department(self, members: dict[str, object], tenant: str) -> None:
        needs(members, "orgCode", "orgName")
        if members["testFlag"] != 1:
            self.bound(tenant)

    def departments(self, members: dict[str, object], tenant: str) -> None:
        for row in self.rows(members, "orgInfoList"):
            needs(row, "orgCode", "orgName")
        if members["testFlag"] != 1:
            self.bound(tenant)

    def bound(self, tenant: str) -> None:
        if tenant not in self.tenants:
            raise Refused("000005")


class OldKitSeller(KitSeller):
    """Joint operation 1.0: authToken in a header, lists as texts (openapi-jointkit A.3)."""

    protocol = "joint_kit_v1"
    prefix = "/produceAPI/"
    flags: tuple[int, ...] = (0, 1)
    http = "HTTP/1.0"
    blank = " "

    def authentic(self, headers: dict[str, str], body: bytes) -> dict[str, object]:
        members = dict(json.loads(body.decode()))
        if not token_holds(texts(members), headers.get("authtoken", "")):
            raise Refused("000001")
        return members

    def rows(self, members: dict[str, object], name: str) -> list[dict[str, object]]:
        return list(json.loads(str(members["orgInfo" if name == "orgInfoList" else name])))

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        # Users and departments know a modification in this generation as well.
        self.flags = (0, 1) if path.endswith(("tenantSync", "applicationSync")) else (0, 1, 2)
        return super().handle(path, query, headers, body)

    def departments(self, members: dict[str, object], tenant: str) -> None:
        for row in self.rows(members, "orgInfoList"):
            needs(row, "orgCode", "name")
        if members["testFlag"] != 1:
            self.bound(tenant)


@contextmanager
def serving(seller: Seller) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = seller.http

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            out = seller.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            self.send_response(200)
            self.send_header("content-type", seller.content_type)
            if seller.signs:
                sign = base64.b64encode(mac(KEY, out)).decode()
                self.send_header("Body-Sign", f'sign_type="HMAC-SHA256",{seller.blank}signature={seller.blank}"{sign}"')
            self.send_header("X-Powered-By", "Express")
            self.send_header("Set-Cookie", "JSESSIONID=1; Path=/; HttpOnly")
            if seller.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"".join(b"%x\r\n%b\r\n" % (1, bytes([byte])) for byte in out) + b"0\r\n\r\n")
                return
            if seller.http == "HTTP/1.1":
                # HTTP/1.0 ends a body with the connection.
                self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST  # noqa: N815  http.server's names

        def log_message(self, *arguments: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/isv/produce"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ALL: dict[str, Callable[[], Seller]] = {
    "codes": CodeSeller,
    "careless_codes": CarelessCodeSeller,
    "online": OnlineSeller,
    "no_fingerprint": NoFingerprintSeller,
    "notices": NoticeSeller,
    "asking_notices": AskingNoticeSeller,
    "license": LicenseSeller,
    "kit": lambda: KitSeller(decrypts=False),
    "kit_with_a_key": lambda: KitSeller(decrypts=True),
    "old_kit": lambda: OldKitSeller(decrypts=False),
    "old_kit_with_a_key": lambda: OldKitSeller(decrypts=True),
}
