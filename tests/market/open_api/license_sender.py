"""A seller that uploads licenses, in one call or in pieces."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.test import Client

from tests.factories import make_seller
from tests.factories.licenses import make_application
from tests.market.open_api.asking import HOST
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.license_files import MAX_SEALED_BYTES
from tradepost.market.licenses.models import LicenseRequest
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import CONTENT_HASH, sign
from tradepost.protocols.open_api.upload import TextUpload, file_form, text_request, upload_path

SMALL, LARGE = b"license\r\n--x", bytes(range(256)) * (MAX_SEALED_BYTES // 256 + 1)
BOUNDARY = "b" * 32
MARKET = f"http://{HOST}"


class Sender:
    """A seller with an access key."""

    def __init__(self, seller: Seller | None = None) -> None:
        self.seller = seller or make_seller(now=clock.now())
        access_key = keys.create_access_key(self.seller, by=None, now=clock.now())
        self.ak, self.sk = access_key.key_id, access_key.secret

    def apply_for_license(self) -> LicenseRequest:
        return make_application(self.seller, now=clock.now())

    def signed(self, request: Request, *, sk: str = "") -> Request:
        return sign(request, ak=self.ak, sk=sk or self.sk, now=clock.wall())

    def file(
        self, event: str, content: bytes = SMALL, *, name: str = "许可.lic", sha256: str = "", stated: str = "own", sk: str = "",
        sent: bytes | None = None,
    ) -> Any:  # fmt: skip
        """``stated``: the header with the hash of the body; ``sent``: a body that replaces the signed one."""
        form = file_form(event, name, sha256 or hash_of(content), market=MARKET, boundary=BOUNDARY)
        body = form.before + content + form.after
        stated = hash_of(body) if stated == "own" else stated
        headers = (("Content-Type", form.content_type), *(((CONTENT_HASH, stated),) if stated else ()))
        return send(self.signed(Request("POST", form.url, headers, body), sk=sk), body=sent)

    def text(self, event: str, text: str) -> Any:
        upload = TextUpload(event_id=event, characters=text)
        return send(self.signed(text_request(upload, market=MARKET, boundary=BOUNDARY)))

    def begin(self, event: str, content: bytes = LARGE, **changed: str) -> Any:
        about = {"filename": "bGljZW5zZS5iaW4=", "sha256": b64(changed.pop("sha256", hash_of(content)))}
        metadata = ",".join(f"{key} {value}" for key, value in about.items() if value)
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata, **changed
        }  # fmt: skip
        url = f"{MARKET}{upload_path(event)}/resumable"
        return send(self.signed(Request("POST", url, tuple((k.replace("_", "-"), v) for k, v in headers.items()))))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send(request: Request, *, body: bytes | None = None) -> Any:
    headers = {name: value for name, value in request.headers if name != "Content-Type"}
    return Client().generic(
        request.method, request.path, request.body if body is None else body,
        content_type=request.header("Content-Type") or "", headers=headers,
    )  # fmt: skip


def send_piece(location: str, content: bytes, offset: int, **headers: str) -> Any:
    all_headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Host": HOST} | headers
    return Client().patch(location, content, content_type="application/offset+octet-stream", headers=all_headers)


def request_location(location: str, method: str = "HEAD") -> Any:
    return Client().generic(method, location, headers={"Tus-Resumable": "1.0.0", "Host": HOST})


def status_and_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]
