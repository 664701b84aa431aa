"""Upload of a license for an event: a seller delivers a license for which a buyer applied (openapi-jointkit §C.7).

A body with its hash, or explicitly unsigned, is admitted by its headers: signature, event and daily limit are checked
before the first byte. Other bodies are limited to the gateway's size (§C.2), and space is reserved only after the
signature was checked.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import cast

from django.db import transaction
from django.http import HttpRequest
from django.utils import translation

from tradepost.market.assets.asset_models import Upload as Promised
from tradepost.market.assets.upload import DailyLimitReached, UploadLimits, path_of
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.licenses import receive
from tradepost.market.licenses.license_files import folder as kept_in
from tradepost.market.web.peer import peer
from tradepost.market.web.request_buffering import MAX_CALL_FROM_UNKNOWN
from tradepost.market.web.transfer import Transfer, TransferEnd
from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import NotMultipart
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.signing import CONTENT_HASH, SignatureRefused, check_content_hash, declared_hash
from tradepost.protocols.open_api.upload import (
    ERRORS,
    MAX_FORM_BYTES,
    ReceivedUpload,
    TextUpload,
    UploadReader,
    load_upload,
    upload_response,
)

from . import seller_descriptions as seller
from .answers import ApiErrors, ApiRefused, count_request
from .authentication import Caller, CheckSignature, NotAuthenticated, RequestHead, by_access_key
from .license_events import check_event, deliver_upload
from .receiving import check_complete, receives_upload
from .request_parts import MAX_BODY_BYTES, GatewayRefused, NotReadable, check_sizes, declared_length, head_of, is_large

MAX_FORM_OVERHEAD = 2 * MAX_FORM_BYTES
"""Bytes of a call in addition to the file."""
UNSIGNED, MAX_AGE = "unsigned-", 3600.0

UPLOAD_ERRORS = ApiErrors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=ERRORS["CBC.0999"],
)


class UploadSink:
    """Receives the body of a call: the form in memory, the file on the disk. Implements ``transfer.Sink``."""

    def __init__(
        self, head: Request, *, most: int, check: CheckSignature, caller: Caller | None, promised: Promised | None, path: Path
    ) -> None:  # fmt: skip
        self.head, self.most = head, most
        self.check, self.caller, self.promised = check, caller, promised
        self.path = path
        self.bad_form: NotMultipart | None = None
        self._reader: UploadReader | None = None
        self._file: receive.GrowingFile | None = None
        self._of_file, self._of_body = hashlib.sha256(), hashlib.sha256()

    def take(self, content: bytes) -> None:
        """Take a part of the body. Raises ``Refused``. An invalid form is reported at the end, after authentication."""
        self._of_body.update(content)
        if self.bad_form:
            return
        try:
            if self._reader is None:
                self._reader = UploadReader(self.head.header("Content-Type"), self._write)
            self._reader.feed(content)
        except NotMultipart as error:
            self.bad_form = error

    def end(self, ended: TransferEnd) -> None:
        if self._file and ended is TransferEnd.WHOLE:
            self._file.flush()
        try:
            if self._reader and not self.bad_form:
                self._reader.end()
        except NotMultipart as error:
            self.bad_form = error

    @property
    def body_hash(self) -> str:
        return self._of_body.hexdigest()

    @property
    def size(self) -> int:
        """Bytes received of the file."""
        return self._file.size if self._file else 0

    def came(self) -> ReceivedUpload:
        """Return the received content. Raises ``NotMultipart``."""
        if self.bad_form or self._reader is None:
            raise self.bad_form or NotMultipart("there is no body")
        return ReceivedUpload(
            form=self._reader.form, file_name=self._reader.file_name, path=self.path, size=self.size,
            sha256=self._of_file.hexdigest(),
        )  # fmt: skip

    def release(self) -> None:
        """Close and delete the file, which is stored elsewhere by now."""
        if self._file:
            self._file.close()
        self.path.unlink(missing_ok=True)

    def drop_promise(self) -> None:
        """Delete the reservation of a text, which uses nothing of the daily limit."""
        if self.promised:
            self.promised.delete()
            self.promised = None

    def _write(self, content: bytes) -> None:
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = receive.GrowingFile(self.path, offset=0, length=config().licenses.license_most_bytes)
        self._file.append(content)
        self._of_file.update(content)


def _start_upload(http: HttpRequest, event_id: str) -> UploadSink:
    """Decide by the headers."""
    max_bytes = config().licenses.license_most_bytes + MAX_FORM_OVERHEAD
    check_sizes(http, max_bytes)
    head = head_of(http)
    stated_body_hash, wall, now = declared_hash(head), clock.wall(), now_of(http)
    if not stated_body_hash:
        if declared_length(http) > MAX_BODY_BYTES:
            raise NotReadable(413, f"a body above 12 MB needs the header {CONTENT_HASH}")
        max_bytes = MAX_BODY_BYTES
    check = by_access_key(RequestHead(head, peer(http), wall, now, is_large(http)))
    path = config().uploads / f"{UNSIGNED}{secrets.token_hex(16)}"
    if not stated_body_hash or not is_large(http):
        _delete_abandoned(config().uploads)
        return UploadSink(head, most=max_bytes, check=check, caller=None, promised=None, path=path)
    caller = check(head, body_hash=stated_body_hash)
    count_request(caller, wall)
    promised_upload = reserve_space(
        caller, event_id, length=min(declared_length(http) or max_bytes, config().licenses.license_most_bytes), now=now
    )
    path = path_of(promised_upload, config().uploads)
    return UploadSink(head, most=max_bytes, check=check, caller=caller, promised=promised_upload, path=path)


@receives_upload(
    "POST",
    held=MAX_CALL_FROM_UNKNOWN,
    start=_start_upload,
    authentication=by_access_key,
    errors=UPLOAD_ERRORS,
    described=seller.LICENSE_UPLOAD,
)
def license_upload(http: HttpRequest, _request_id: str, transfer: Transfer, event_id: str) -> Response:
    """Deliver an upload. Refusals by the event have HTTP status 200, as in the table."""
    sink = cast("UploadSink", transfer.sink)
    try:
        with refusals_as_rows():
            check_complete(transfer)
            _deliver(sink, event_id, _signer(sink), now=now_of(http))
    except BaseException:
        if sink.promised:
            receive.discard(sink.promised, sink.size, folder=config().uploads)
        raise
    return upload_response()


def _signer(sink: UploadSink) -> Caller:
    """Return the caller who signed the full body. Raises ``NotAuthenticated``."""
    if sink.caller is None:
        caller = sink.check(sink.head, body_hash=sink.body_hash)
        count_request(caller, clock.wall())
        return caller
    try:
        check_content_hash(sink.head, sink.body_hash)
    except SignatureRefused as refusal:
        raise NotAuthenticated(refusal.detail) from None
    return sink.caller


def _deliver(sink: UploadSink, event_id: str, caller: Caller, *, now: datetime) -> None:
    try:
        upload = load_upload(sink.head, sink.came())
    except NotMultipart as error:
        raise ApiRefused("CBC.0101", str(error)) from None
    files = kept_in(config().files)
    if isinstance(upload, TextUpload):
        sink.drop_promise()
        with transaction.atomic():
            deliver_upload(caller.seller_id, upload, files=files, now=now)
        return
    if sink.promised is None:
        sink.promised = reserve_space(caller, event_id, length=upload.size, now=now)
    receive.deliver_file(caller.seller_id, upload, of=sink.promised, files=files, now=now, deliver=deliver_upload)


def reserve_space(
    caller: Caller, event_id: str, *, length: int, now: datetime, file_name: str = "", sha256: str = "", metadata: str = ""
) -> Promised:  # fmt: skip
    """Reserve space for a file. Raises ``ApiRefused`` and ``GatewayRefused``."""
    with refusals_as_rows():
        return receive.reserve(
            caller.seller_id, event_id, length=length, limits=upload_limits(), folder=config().uploads, now=now,
            file_name=file_name, sha256=sha256, metadata=metadata, check=check_event,
        )  # fmt: skip


def upload_limits() -> UploadLimits:
    settings = config()
    return receive.limits_of(
        most_bytes=settings.licenses.license_most_bytes, day_bytes=settings.licenses.license_day_bytes,
        day_files=settings.licenses.license_day_files, keep_days=settings.assets.keep_unfinished_uploads_days,
    )  # fmt: skip


@contextmanager
def refusals_as_rows() -> Iterator[None]:
    """Convert refusals into rows of the API's tables. A full daily limit uses the gateway's row, since §C.7 has
    none."""
    try:
        with translation.override("en"):  # sellers' programs read the messages
            yield
    except NotTaken as refusal:
        raise ApiRefused(refusal.error.code, refusal.detail) from None
    except DailyLimitReached as limit_reached:
        raise GatewayRefused(
            gateway_error("APIGW.0308"), limit_reached.message, retry_after=limit_reached.wait
        ) from None
    except Refused as refusal:
        match refusal.status:
            case 413:
                raise NotReadable(413, refusal.message) from None
            case 507:
                raise ApiRefused("CBC.0999", refusal.message) from None
            case _:
                raise ApiRefused("CBC.0101", refusal.message) from None


def now_of(http: HttpRequest) -> datetime:
    now: datetime = http.now  # type: ignore[attr-defined]  # set by ApiMiddleware
    return now


def _delete_abandoned(folder: Path) -> None:
    """Delete files of killed processes that received a body without a reservation."""
    for path in folder.glob(f"{UNSIGNED}*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat(follow_symlinks=False).st_mtime > MAX_AGE:
                path.unlink()
