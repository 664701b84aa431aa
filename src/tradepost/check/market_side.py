"""The market that a seller's program calls while it is tested: it takes licenses in and answers mock orders (openapi-jointkit §C.4,
§C.7). Nothing that comes is kept but its hash.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import NotMultipart
from tradepost.protocols.open_api import order_query
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.errors import (
    ORDER_QUERY_ERRORS,
    api_response,
    both_envelopes,
    failure_response,
    gateway_error,
    gateway_response,
)
from tradepost.protocols.open_api.mock_orders import mock_order
from tradepost.protocols.open_api.signing import SignatureRefused, verify
from tradepost.protocols.open_api.upload import (
    ERRORS,
    PREFIX,
    SUFFIX,
    Came,
    TextUpload,
    UploadReader,
    load_upload,
    uploaded,
)
from tradepost.protocols.text import Text

from .options import CannotRun

LARGEST = 2 * 1024**3
PIECE = 256 * 1024
REQUEST_ID = "tradepost-check"
_NOWHERE = Path()
_NOTHING = Text(en="", zh="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One call of the seller's program about a license. ``mistake``: the name of what is wrong with it; empty when it was taken."""

    is_file: bool = False
    sha256: str = ""
    mistake: str = ""
    seen: Text = _NOTHING


@dataclass(slots=True)
class MarketSide:
    """``ak`` and ``sk``: what the seller's program signs with. Thread-safe."""

    ak: str
    sk: str = field(repr=False)
    clock: Callable[[], datetime]
    _came: dict[str, list[Arrived]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def expect(self, event_id: str) -> None:
        """From now on this event exists: a program may be faster than the answer to the call that announces it."""
        with self._changed:
            self._came.setdefault(event_id, [])

    def arrived(self, event_id: str, *, number: int = 1, within: float) -> list[Arrived]:
        """What came for it, once so many calls did or the seconds are over."""
        until = time.monotonic() + within
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._came.get(event_id, ())) >= number, timeout=max(0.0, until - time.monotonic())
            )
            return list(self._came.get(event_id, ()))

    def all_arrived(self) -> list[Arrived]:
        with self._changed:
            return [one for came in self._came.values() for one in came]

    def answer(self, request: Request, read: Iterator[bytes]) -> Response:
        """``request`` without its body, which ``read`` brings."""
        path = request.path
        if request.method == "POST" and path.startswith(PREFIX) and path.endswith(SUFFIX):
            return self._uploaded(request, path.removeprefix(PREFIX).removesuffix(SUFFIX), read)
        if request.method == "GET" and path == order_query.PATH:
            return self._order(request)
        return gateway_response(gateway_error("APIGW.0101"), request_id=REQUEST_ID)

    def _order(self, request: Request) -> Response:
        try:
            verify(request, sk=self.sk, now=self.clock())
        except SignatureRefused as refused:
            return gateway_response(gateway_error("APIGW.0301"), request_id=REQUEST_ID, detail=refused.detail)
        order = mock_order(request.query.get("orderId", ""), self.clock())
        if order is None:
            return failure_response(ORDER_QUERY_ERRORS["MKT.0150"], both_envelopes)
        return api_response(200, order_query.dump_answer(order))

    def _uploaded(self, request: Request, event_id: str, read: Iterator[bytes]) -> Response:
        of_file, of_body, size = hashlib.sha256(), hashlib.sha256(), 0

        def write(content: bytes) -> None:
            nonlocal size
            size += len(content)
            of_file.update(content)

        reader: UploadReader | None = None
        bad_form = ""
        try:
            reader = UploadReader(request.header("Content-Type"), write)
        except NotMultipart as error:
            bad_form = str(error)
        for content in read:  # to its end, so that the seller's program hears the answer
            of_body.update(content)
            bad_form = bad_form or _fed(reader, content)
        bad_form = bad_form or _fed(reader, None)
        try:
            verify(request, sk=self.sk, now=self.clock(), body_hash=of_body.hexdigest())
        except SignatureRefused as refused:
            self._note(event_id, _wrong("upload_not_signed", refused.detail))
            return gateway_response(gateway_error("APIGW.0301"), request_id=REQUEST_ID, detail=refused.detail)
        if reader is None or bad_form:
            return self._refused(event_id, "upload_form", ApiRefused(ERRORS["CBC.0101"], bad_form))
        came = Came(form=reader.form, file_name=reader.file_name, path=_NOWHERE, size=size, sha256=of_file.hexdigest())
        try:
            upload = load_upload(request, came)
        except ApiRefused as refused:
            mistake = "upload_other_hash" if "is not the hash" in refused.detail else "upload_form"
            return self._refused(event_id, mistake, refused)
        text = isinstance(upload, TextUpload)
        sha256 = (
            hashlib.sha256(upload.characters.encode()).hexdigest() if isinstance(upload, TextUpload) else came.sha256
        )
        return self._taken(event_id, Arrived(is_file=not text, sha256=sha256))

    def _taken(self, event_id: str, arrived: Arrived) -> Response:
        with self._changed:
            known = self._came.get(event_id)
            if known is None:
                return ApiRefused(ERRORS["91381034"], "no application of your buyers has this event id").response()
            before = next((one for one in known if not one.mistake), None)
        if before and (before.sha256, before.is_file) != (arrived.sha256, arrived.is_file):
            detail = "another license was delivered for this event id already"
            return self._refused(event_id, "upload_of_another", ApiRefused(ERRORS["91381034"], detail))
        self._note(event_id, arrived)
        return uploaded()

    def _refused(self, event_id: str, mistake: str, refused: ApiRefused) -> Response:
        self._note(event_id, _wrong(mistake, refused.detail))
        return refused.response()

    def _note(self, event_id: str, arrived: Arrived) -> None:
        with self._changed:
            if event_id in self._came:
                self._came[event_id].append(arrived)
                self._changed.notify_all()


def _fed(reader: UploadReader | None, content: bytes | None) -> str:
    """What is wrong with the form; None ends it."""
    try:
        if reader is not None:
            reader.end() if content is None else reader.feed(content)
    except NotMultipart as error:
        return str(error)
    return ""


def _wrong(mistake: str, detail: str) -> Arrived:
    said = Text(en=f"the market answered the upload with a refusal: {detail}", zh=f"云商店拒绝了上传：{detail}")
    return Arrived(mistake=mistake, seen=said)


@contextmanager
def listening(side: MarketSide, address: str) -> Iterator[None]:
    """``address``: HOST:PORT. Raises ``CannotRun`` when it cannot be had."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise CannotRun(f"{address!r} is no address to listen at: it looks like 127.0.0.1:9100")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            request = Request(self.command, f"http://{address}{self.path}", tuple(self.headers.items()))
            response = side.answer(request, _body(self))
            response = replace(response, headers=(*response.headers, ("Content-Length", str(len(response.body)))))
            self.close_connection = True
            self.send_response_only(response.status)
            for name, value in (*response.headers, ("Connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        do_POST = do_GET  # noqa: N815  # the name that the standard library looks for

        @override
        def log_message(self, *_arguments: object) -> None:
            """The report says what came."""

    try:
        server = ThreadingHTTPServer((host, int(port)), Handler)
    except OSError as error:
        raise CannotRun(f"cannot listen at {address}: {error}") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _body(handler: BaseHTTPRequestHandler) -> Iterator[bytes]:
    stated = handler.headers.get("Content-Length") or "0"
    left = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 16 else 0
    left = min(left, LARGEST)
    while left and (piece := handler.rfile.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
