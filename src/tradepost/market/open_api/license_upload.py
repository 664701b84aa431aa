"""Upload for a market event: a seller delivers the license that a buyer applied for (openapi-jointkit §C.7).

A body that states its hash, or that it signs none, is admitted by its head: signature, event and day are looked at before its
first byte. One that does not is of the gateway's size at most (§C.2), and nothing is promised to it before its signature held.
"""

from __future__ import annotations

import hashlib
import math
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
from tradepost.market.assets.upload import DayFull, UploadLimits, path_of
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.licenses import receive
from tradepost.market.licenses.license_files import folder as kept_in
from tradepost.market.web.peer import peer
from tradepost.market.web.request_buffering import FROM_ANYBODY
from tradepost.market.web.transfer import Ended, Transfer
from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import NotMultipart
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.signing import CONTENT_HASH, SignatureRefused, check_content_hash, stated_hash
from tradepost.protocols.open_api.upload import (
    ERRORS,
    LARGEST_FORM,
    Came,
    TextUpload,
    UploadReader,
    load_upload,
    uploaded,
)

from . import seller_described as seller
from .answers import ApiRefused, Errors, count
from .authentication import Caller, CheckSigned, Head, NotAuthenticated, by_access_key
from .license_events import check_event, deliver
from .received import LARGEST_BODY, GatewayRefused, NotReadable, check_sizes, head_of, is_large, stated_length
from .taking_in import check_ended, takes_in

AROUND = 2 * LARGEST_FORM
"""Bytes of a call beside the file."""
UNSIGNED, HOUR = "unsigned-", 3600.0

OF_UPLOAD = Errors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=ERRORS["CBC.0999"],
)


class UploadSink:
    """Where the body of one call goes: its form into memory, its file to the disk. Satisfies ``transfer.Sink``."""

    def __init__(
        self, head: Request, *, most: int, check: CheckSigned, caller: Caller | None, promised: Promised | None, path: Path
    ) -> None:  # fmt: skip
        self.head, self.most = head, most
        self.check, self.caller, self.promised = check, caller, promised
        self.path = path
        self.bad_form: NotMultipart | None = None
        self._reader: UploadReader | None = None
        self._file: receive.Growing | None = None
        self._of_file, self._of_body = hashlib.sha256(), hashlib.sha256()

    def take(self, content: bytes) -> None:
        """Raises ``Refused``; what is no form is told at the end, when it is known who sent it."""
        self._of_body.update(content)
        if self.bad_form:
            return
        try:
            if self._reader is None:
                self._reader = UploadReader(self.head.header("Content-Type"), self._write)
            self._reader.feed(content)
        except NotMultipart as error:
            self.bad_form = error

    def end(self, ended: Ended) -> None:
        if self._file and ended is Ended.WHOLE:
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
        """Bytes of the file that came."""
        return self._file.size if self._file else 0

    def came(self) -> Came:
        """Raises ``NotMultipart``."""
        if self.bad_form or self._reader is None:
            raise self.bad_form or NotMultipart("there is no body")
        return Came(
            form=self._reader.form, file_name=self._reader.file_name, path=self.path, size=self.size,
            sha256=self._of_file.hexdigest(),
        )  # fmt: skip

    def release(self) -> None:
        """What was kept lies elsewhere by now."""
        if self._file:
            self._file.close()
        self.path.unlink(missing_ok=True)

    def drop_promise(self) -> None:
        """It is no file: nothing of a day was used."""
        if self.promised:
            self.promised.delete()
            self.promised = None

    def _write(self, content: bytes) -> None:
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = receive.Growing(self.path, offset=0, length=config().license_most_bytes)
        self._file.append(content)
        self._of_file.update(content)


def _start(http: HttpRequest, event_id: str) -> UploadSink:
    """What the head decides."""
    most = config().license_most_bytes + AROUND
    check_sizes(http, most)
    head = head_of(http)
    stated, wall, now = stated_hash(head), clock.wall(), now_of(http)
    if not stated:
        if stated_length(http) > LARGEST_BODY:
            raise NotReadable(413, f"a body above 12 MB needs the header {CONTENT_HASH}")
        most = LARGEST_BODY
    check = by_access_key(Head(head, peer(http), wall, now, is_large(http)))
    path = config().uploads / f"{UNSIGNED}{secrets.token_hex(16)}"
    if not stated or not is_large(http):
        _clear_away(config().uploads)
        return UploadSink(head, most=most, check=check, caller=None, promised=None, path=path)
    caller = check(head, body_hash=stated)
    count(caller, wall)
    promised = promise(caller, event_id, length=min(stated_length(http) or most, config().license_most_bytes), now=now)
    path = path_of(promised, config().uploads)
    return UploadSink(head, most=most, check=check, caller=caller, promised=promised, path=path)


@takes_in(
    "POST",
    held=FROM_ANYBODY,
    start=_start,
    authentication=by_access_key,
    errors=OF_UPLOAD,
    described=seller.LICENSE_UPLOAD,
)
def license_upload(http: HttpRequest, _request_id: str, transfer: Transfer, event_id: str) -> Response:
    """Refusals of the event ride on HTTP 200, as the table says."""
    sink = cast("UploadSink", transfer.sink)
    try:
        with in_words_of_the_table():
            check_ended(transfer)
            _deliver(sink, event_id, _signer(sink), now=now_of(http))
    except BaseException:
        if sink.promised:
            receive.throw_away(sink.promised, sink.size, folder=config().uploads)
        raise
    return uploaded()


def _signer(sink: UploadSink) -> Caller:
    """Who signed all of it. Raises ``NotAuthenticated``."""
    if sink.caller is None:
        caller = sink.check(sink.head, body_hash=sink.body_hash)
        count(caller, clock.wall())
        return caller
    try:
        check_content_hash(sink.head, sink.body_hash)
    except SignatureRefused as refused:
        raise NotAuthenticated(refused.detail) from None
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
            deliver(caller.seller_id, upload, files=files, now=now)
        return
    if sink.promised is None:
        sink.promised = promise(caller, event_id, length=upload.size, now=now)
    receive.deliver_file(caller.seller_id, upload, of=sink.promised, files=files, now=now, deliver=deliver)


def promise(
    caller: Caller, event_id: str, *, length: int, now: datetime, file_name: str = "", sha256: str = "", metadata: str = ""
) -> Promised:  # fmt: skip
    """Room for a file. Raises ``ApiRefused`` and ``GatewayRefused``."""
    with in_words_of_the_table():
        return receive.promise(
            caller.seller_id, event_id, length=length, limits=limits(), folder=config().uploads, now=now,
            file_name=file_name, sha256=sha256, metadata=metadata, check=check_event,
        )  # fmt: skip


def limits() -> UploadLimits:
    settings = config()
    return receive.limits_of(
        most_bytes=settings.license_most_bytes, day_bytes=settings.license_day_bytes,
        day_files=settings.license_day_files, keep_days=settings.keep_unfinished_uploads_days,
    )  # fmt: skip


@contextmanager
def in_words_of_the_table() -> Iterator[None]:
    """What the market's verbs refuse, as rows of the API's tables; §C.7 knows none for a day that is full, so the gateway's."""
    try:
        with translation.override("en"):  # sellers' programs read it, in no language of a person
            yield
    except NotTaken as refused:
        raise ApiRefused(refused.error.code, refused.detail) from None
    except DayFull as full:
        wait = math.ceil((full.again - clock.now()).total_seconds()) if full.again else 0
        raise GatewayRefused(gateway_error("APIGW.0308"), full.message, retry_after=max(wait, 0)) from None
    except Refused as refused:
        match refused.status:
            case 413:
                raise NotReadable(413, refused.message) from None
            case 507:
                raise ApiRefused("CBC.0999", refused.message) from None
            case _:
                raise ApiRefused("CBC.0101", refused.message) from None


def now_of(http: HttpRequest) -> datetime:
    now: datetime = http.now  # type: ignore[attr-defined]  # set by ApiMiddleware
    return now


def _clear_away(folder: Path) -> None:
    """What a process left behind that was killed while a body without a promise came in."""
    for path in folder.glob(f"{UNSIGNED}*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat(follow_symlinks=False).st_mtime > HOUR:
                path.unlink()
