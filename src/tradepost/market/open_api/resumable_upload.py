"""The resumable form of the upload: the tus protocol 1.0.0, an extension of this market that KooGallery does not
document.

Creating an upload is signed with AK/SK and checked like a call with the file. Its ``Location`` is a capability that
allows to continue only this file. The last piece is answered like the call of openapi-jointkit §C.7: 204 for CBC.0000,
otherwise its envelope with an error status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from tradepost.market.assets import tus
from tradepost.market.assets.asset_models import Upload
from tradepost.market.assets.upload import TOKEN, Locked, WrongOffset, path_of
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import SHA256
from tradepost.market.base.values import replace
from tradepost.market.licenses import receive
from tradepost.market.licenses.license_files import folder as kept_in
from tradepost.market.web.transfer import Transfer, TransferEnd
from tradepost.protocols.http import Headers, Response
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.upload import FileUpload

from . import seller_descriptions as seller
from .answers import ApiRefused, ApiRequest, ResponseReady, open_api
from .authentication import Caller, CheckRequest, RequestHead, by_access_key
from .license_events import check_event, deliver_upload
from .license_upload import UPLOAD_ERRORS, now_of, refusals_as_rows, reserve_space, upload_limits
from .receiving import check_complete, receives_upload
from .request_parts import NotReadable, declared_length

EXTENSIONS = "creation,termination,expiration"
MAX_NAME_LENGTH = 1024
MAX_CREATION_BYTES = 4096
"""Maximum number of bytes received with a creation request, so that it can be refused with a message."""


PIECE_ERRORS = replace(
    UPLOAD_ERRORS,
    table={
        code: replace(error, status=HTTPStatus.CONFLICT) if error.status == HTTPStatus.OK else error
        for code, error in UPLOAD_ERRORS.table.items()
    },
)
"""Error statuses, since tus clients check only the status."""

type View = Callable[..., HttpResponse]


def with_tus_version(view: View) -> View:
    """Decorate a view: add the tus version to each response."""

    @wraps(view)
    def answered(request: HttpRequest, **path: str) -> HttpResponse:
        response = view(request, **path)
        response["Tus-Resumable"] = tus.VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answered


def _plain_response(status: int, words: str, headers: Headers = ()) -> ResponseReady:
    """Return a response of the protocol that is in no table of the open APIs."""
    head = (("Content-Type", "text/plain; charset=utf-8"), *headers)
    return ResponseReady(Response(status, head, f"{words}\n".encode()))


def _conflict(offset: int) -> ResponseReady:
    words = f"The upload stands at byte {offset}. Go on from there."
    return _plain_response(HTTPStatus.CONFLICT, words, (("Upload-Offset", str(offset)),))


def _check_version(version: str | None) -> None:
    if version != tus.VERSION:
        words = f"This market speaks version {tus.VERSION} of the tus protocol."
        raise _plain_response(HTTPStatus.PRECONDITION_FAILED, words, (("Tus-Version", tus.VERSION),))


@with_tus_version
@open_api(
    "POST",
    authentication=by_access_key,
    errors=PIECE_ERRORS,
    largest_body=MAX_CREATION_BYTES,
    described=seller.UPLOAD_BEGIN,
)
def begin(request: ApiRequest) -> Response:
    """Extension *creation*. ``Upload-Metadata`` has the ``filename`` and the ``sha256`` of the full file, in hex."""
    _check_version(request.request.header("Tus-Resumable"))
    if request.request.body:
        raise ApiRefused("CBC.0101", "what begins an upload brings none of its bytes")
    if request.request.header("Upload-Defer-Length") is not None:
        raise ApiRefused("CBC.0101", "Upload-Defer-Length: the length of the file must be known")
    with refusals_as_rows():
        length = tus.number_of("Upload-Length", request.request.header("Upload-Length"))
        metadata_text = request.request.header("Upload-Metadata") or ""
        metadata = tus.metadata_of(metadata_text)
    name, sha256 = metadata.get("filename", "").strip(), metadata.get("sha256", "").strip().lower()
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise ApiRefused("CBC.0101", "Upload-Metadata: filename is missing or too long")
    if not SHA256.fullmatch(sha256):
        raise ApiRefused("CBC.0101", "Upload-Metadata: sha256 of the file is missing, or is not 64 hexadecimal digits")
    reservation = reserve_space(
        request.caller, request.path["event_id"], length=length, now=request.now, file_name=name, sha256=sha256,
        metadata=metadata_text,
    )  # fmt: skip
    location = reverse("open_api:license_upload_piece", kwargs={"token": reservation.token})
    return Response(HTTPStatus.CREATED, (("Location", location), *_position_headers(reservation, 0)))


def by_address(_head: RequestHead) -> CheckRequest:
    """Authenticate by the address, which is a capability."""
    return lambda _request: Caller(0, "")


class PieceSink:
    """Receives a piece at the end of the file. Implements ``transfer.Sink``."""

    def __init__(self, upload: Upload, offset: int) -> None:
        """Open the file. Raises ``WrongOffset``, and ``Locked`` while the file is delivered."""
        self.upload = upload
        self.file = receive.GrowingFile(path_of(upload, config().uploads), offset=offset, length=upload.length)
        self.most = upload.length - offset
        self.sha256 = ""

    def take(self, content: bytes) -> None:
        self.file.append(content)

    def end(self, ended: TransferEnd) -> None:
        """Flush. For a complete file, compute the hash in this background thread and keep the lock."""
        self.file.flush()
        if self.file.size == self.upload.length and ended is TransferEnd.WHOLE:
            self.file.hold()
            self.sha256 = self.file.sha256()

    def release(self) -> None:
        self.file.close()


def _start_piece(http: HttpRequest, token: str) -> PieceSink:
    _check_version(http.headers.get("Tus-Resumable"))
    upload = _find_upload(token)
    if http.content_type != tus.CONTENT_TYPE:
        raise _plain_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A piece is sent as {tus.CONTENT_TYPE}.")
    if upload.status == Upload.Status.COMPLETE:
        raise _conflict(upload.length)
    with _refusals_for_tus():
        offset = tus.number_of("Upload-Offset", http.headers.get("Upload-Offset"))
        if declared_length(http) > upload.length - offset:
            raise NotReadable(413, f"this is more than the {upload.length} bytes that were announced")
        check_event(upload.seller_id, upload.about)
        config().uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        return PieceSink(upload, offset)


@with_tus_version
@receives_upload(
    "PATCH",
    also=("HEAD", "DELETE", "OPTIONS"),
    held=0,
    start=_start_piece,
    authentication=by_address,
    errors=PIECE_ERRORS,
    described=seller.UPLOAD_PIECE,
)
def piece(http: HttpRequest, _request_id: str, transfer: Transfer | None, token: str) -> Response:
    if transfer is not None:
        return _store_piece(transfer, now=now_of(http))
    if http.method == "OPTIONS":
        max_bytes = str(config().licenses.license_most_bytes)
        capabilities = (("Tus-Version", tus.VERSION), ("Tus-Extension", EXTENSIONS), ("Tus-Max-Size", max_bytes))
        return Response(HTTPStatus.NO_CONTENT, capabilities)
    _check_version(http.headers.get("Tus-Resumable"))
    upload = _find_upload(token)
    with _refusals_for_tus():
        return _terminate(upload) if http.method == "DELETE" else _head_response(upload)


def _store_piece(transfer: Transfer, *, now: datetime) -> Response:
    """Keep the received bytes, and deliver the file if it is complete."""
    sink = cast("PieceSink", transfer.sink)
    if not sink.sha256:
        receive.record_interruption(sink.upload, sink.file.size, limits=upload_limits(), now=now)
        with _refusals_for_tus():
            check_complete(transfer)
        return Response(HTTPStatus.NO_CONTENT, _position_headers(sink.upload, sink.file.size))
    path = path_of(sink.upload, config().uploads)
    file = FileUpload(
        event_id=sink.upload.about, file_name=sink.upload.file_name, path=path, size=sink.file.size, sha256=sink.sha256
    )
    try:
        _check_hash(sink)
        with refusals_as_rows():
            receive.deliver_file(
                sink.upload.seller_id, file, of=sink.upload, files=kept_in(config().files), now=now, deliver=deliver_upload
            )  # fmt: skip
    except ApiRefused:
        receive.discard(sink.upload, file.size, folder=config().uploads)
        raise
    path.unlink(missing_ok=True)  # the bytes of a small file are now in its row
    return Response(HTTPStatus.NO_CONTENT, (("Upload-Offset", str(file.size)),))


def _check_hash(sink: PieceSink) -> None:
    if sink.sha256 != sink.upload.sha256:
        raise ApiRefused("CBC.0101", "sha256 is not the hash of the file that arrived")


def _head_response(upload: Upload) -> Response:
    is_complete = upload.status == Upload.Status.COMPLETE
    position = _position_headers(
        upload, upload.length if is_complete else receive.received_bytes(upload, config().uploads)
    )
    metadata_header = (("Upload-Metadata", upload.metadata),) if upload.metadata else ()
    return Response(HTTPStatus.OK, (("Upload-Length", str(upload.length)), *metadata_header, *position))


def _terminate(upload: Upload) -> Response:
    if upload.status == Upload.Status.COMPLETE:
        raise _plain_response(HTTPStatus.CONFLICT, "The file is whole, and delivered.")
    received_count = receive.received_bytes(upload, config().uploads)
    receive.discard(upload, received_count, folder=config().uploads)
    return Response(HTTPStatus.NO_CONTENT)


def _position_headers(upload: Upload, offset: int) -> Headers:
    expires = (("Upload-Expires", tus.http_date(upload.expires_at)),) if offset < upload.length else ()
    return (("Upload-Offset", str(offset)), *expires)


def _find_upload(token: str) -> Upload:
    of_licenses = Upload.objects.filter(purpose=Upload.Purpose.LICENSE)
    uploads_found = of_licenses.filter(token=token).first() if TOKEN.fullmatch(token) else None
    if uploads_found is None:
        raise _plain_response(HTTPStatus.NOT_FOUND, "There is no such upload.")
    if uploads_found.status in {Upload.Status.TERMINATED, Upload.Status.EXPIRED}:
        raise _plain_response(HTTPStatus.GONE, "This upload was cancelled.")
    return uploads_found


@contextmanager
def _refusals_for_tus() -> Iterator[None]:
    try:
        yield
    except WrongOffset as error:
        raise _conflict(error.offset) from None
    except Locked:
        raise _plain_response(HTTPStatus.LOCKED, "Another request delivers this upload. Try again shortly.") from None
    except (Refused, NotTaken):
        with refusals_as_rows():
            raise
