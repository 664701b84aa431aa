"""The market's endpoints for a seller's program under test: they receive licenses and answer mock orders
(openapi-jointkit §C.4, §C.7). Only hashes of the content are kept."""

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
    ReceivedUpload,
    TextUpload,
    UploadReader,
    load_upload,
    upload_response,
)
from tradepost.protocols.text import Text

from .options import CannotRun

MAX_FILE_BYTES = 2 * 1024**3
PIECE_BYTES = 256 * 1024
REQUEST_ID = "tradepost-check"
_NO_PATH = Path()
_NO_TEXT = Text(en="", zh="")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedUpload:
    """A license call of the seller's program. ``mistake``: its diagnosis; empty if the call was accepted."""

    is_file: bool = False
    sha256: str = ""
    mistake: str = ""
    seen: Text = _NO_TEXT


@dataclass(slots=True)
class MarketSide:
    """``ak`` and ``sk``: key of the seller's program. Thread-safe."""

    ak: str
    sk: str = field(repr=False)
    clock: Callable[[], datetime]
    _came: dict[str, list[RecordedUpload]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def expect(self, event_id: str) -> None:
        """Register an event; the program may upload before the announcing call is answered."""
        with self._changed:
            self._came.setdefault(event_id, [])

    def arrived(self, event_id: str, *, number: int = 1, within: float) -> list[RecordedUpload]:
        """Return the event's calls, after the expected number arrived or the seconds passed."""
        until = time.monotonic() + within
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._came.get(event_id, ())) >= number, timeout=max(0.0, until - time.monotonic())
            )
            return list(self._came.get(event_id, ()))

    def all_arrived(self) -> list[RecordedUpload]:
        with self._changed:
            return [upload for uploads in self._came.values() for upload in uploads]

    def answer(self, request: Request, body: Iterator[bytes]) -> Response:
        """Answer a call. ``request`` has no body; ``read`` yields it."""
        path = request.path
        if request.method == "POST" and path.startswith(PREFIX) and path.endswith(SUFFIX):
            return self._uploaded(request, path.removeprefix(PREFIX).removesuffix(SUFFIX), body)
        if request.method == "GET" and path == order_query.PATH:
            return self._order(request)
        return gateway_response(gateway_error("APIGW.0101"), request_id=REQUEST_ID)

    def _order(self, request: Request) -> Response:
        try:
            verify(request, sk=self.sk, now=self.clock())
        except SignatureRefused as refusal:
            return gateway_response(gateway_error("APIGW.0301"), request_id=REQUEST_ID, detail=refusal.detail)
        order = mock_order(request.query.get("orderId", ""), self.clock())
        if order is None:
            return failure_response(ORDER_QUERY_ERRORS["MKT.0150"], both_envelopes)
        return api_response(200, order_query.dump_answer(order))

    def _uploaded(self, request: Request, event_id: str, body: Iterator[bytes]) -> Response:
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
        for content in body:  # read completely, so that the seller's program receives the answer
            of_body.update(content)
            bad_form = bad_form or _feed(reader, content)
        bad_form = bad_form or _feed(reader, None)
        try:
            verify(request, sk=self.sk, now=self.clock(), body_hash=of_body.hexdigest())
        except SignatureRefused as refusal:
            self._note(event_id, _refusal("upload_not_signed", refusal.detail))
            return gateway_response(gateway_error("APIGW.0301"), request_id=REQUEST_ID, detail=refusal.detail)
        if reader is None or bad_form:
            return self._refused(event_id, "upload_form", ApiRefused(ERRORS["CBC.0101"], bad_form))
        received_upload = ReceivedUpload(
            form=reader.form, file_name=reader.file_name, path=_NO_PATH, size=size, sha256=of_file.hexdigest()
        )
        try:
            upload = load_upload(request, received_upload)
        except ApiRefused as refusal:
            mistake = "upload_other_hash" if "is not the hash" in refusal.detail else "upload_form"
            return self._refused(event_id, mistake, refusal)
        text = isinstance(upload, TextUpload)
        sha256 = (
            hashlib.sha256(upload.characters.encode()).hexdigest()
            if isinstance(upload, TextUpload)
            else received_upload.sha256
        )
        return self._taken(event_id, RecordedUpload(is_file=not text, sha256=sha256))

    def _taken(self, event_id: str, recorded_upload: RecordedUpload) -> Response:
        with self._changed:
            uploads = self._came.get(event_id)
            if uploads is None:
                return ApiRefused(ERRORS["91381034"], "no application of your buyers has this event id").response()
            before = next((upload for upload in uploads if not upload.mistake), None)
        if before and (before.sha256, before.is_file) != (recorded_upload.sha256, recorded_upload.is_file):
            detail = "another license was delivered for this event id already"
            return self._refused(event_id, "upload_of_another", ApiRefused(ERRORS["91381034"], detail))
        self._note(event_id, recorded_upload)
        return upload_response()

    def _refused(self, event_id: str, mistake: str, refusal: ApiRefused) -> Response:
        self._note(event_id, _refusal(mistake, refusal.detail))
        return refusal.response()

    def _note(self, event_id: str, recorded_upload: RecordedUpload) -> None:
        with self._changed:
            if event_id in self._came:
                self._came[event_id].append(recorded_upload)
                self._changed.notify_all()


def _feed(reader: UploadReader | None, content: bytes | None) -> str:
    """Return the fault of the form; None as content ends the form."""
    try:
        if reader is not None:
            reader.end() if content is None else reader.feed(content)
    except NotMultipart as error:
        return str(error)
    return ""


def _refusal(mistake: str, detail: str) -> RecordedUpload:
    description = Text(en=f"the market answered the upload with a refusal: {detail}", zh=f"云商店拒绝了上传：{detail}")
    return RecordedUpload(mistake=mistake, seen=description)


@contextmanager
def listening(side: MarketSide, address: str) -> Iterator[None]:
    """Listen at ``address``, HOST:PORT. Raises ``CannotRun`` if that fails."""
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
            """The report contains the calls."""

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
    stated_length = handler.headers.get("Content-Length") or "0"
    bytes_left = (
        int(stated_length) if stated_length.isascii() and stated_length.isdigit() and len(stated_length) < 16 else 0
    )
    bytes_left = min(bytes_left, MAX_FILE_BYTES)
    while bytes_left and (piece := handler.rfile.read(min(PIECE_BYTES, bytes_left))):
        bytes_left -= len(piece)
        yield piece
