"""The same upload, which may break off and be gone on with: the tus protocol 1.0.0, of this market alone (no page of KooGallery
has it).

What begins one is signed with AK/SK like every call, and looked at as closely as a call that brings the file. Its ``Location`` is
a capability: whoever has it may go on with this file, and with nothing else. The last piece is answered as the call of
openapi-jointkit §C.7 is: 204 where that says CBC.0000, else its envelope, with a status that no client takes for success.
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
from tradepost.market.web.transfer import Ended, Transfer
from tradepost.protocols.http import Headers, Response
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.upload import FileUpload

from . import seller_described as seller
from .answers import Answered, ApiRefused, ApiRequest, open_api
from .authentication import Caller, CheckWhole, Head, by_access_key
from .license_events import check_event, deliver
from .license_upload import OF_UPLOAD, in_words_of_the_table, limits, now_of, promise
from .received import NotReadable, stated_length
from .taking_in import check_ended, takes_in

EXTENSIONS = "creation,termination,expiration"
LONGEST_NAME = 1024
LARGEST_BEGINNING = 4096
"""Bytes that are received to be refused in words."""


OF_PIECES = replace(
    OF_UPLOAD,
    table={
        code: replace(error, status=HTTPStatus.CONFLICT) if error.status == HTTPStatus.OK else error
        for code, error in OF_UPLOAD.table.items()
    },
)
"""Clients of the protocol look at the status alone."""

type View = Callable[..., HttpResponse]


def speaks_tus(view: View) -> View:
    """Each answer says the version that it speaks."""

    @wraps(view)
    def answered(request: HttpRequest, **path: str) -> HttpResponse:
        answer = view(request, **path)
        answer["Tus-Resumable"] = tus.VERSION
        answer["Cache-Control"] = "no-store"
        return answer

    return answered


def _said(status: int, words: str, headers: Headers = ()) -> Answered:
    """What no table of the open APIs has, but the protocol."""
    head = (("Content-Type", "text/plain; charset=utf-8"), *headers)
    return Answered(Response(status, head, f"{words}\n".encode()))


def _conflict(offset: int) -> Answered:
    words = f"The upload stands at byte {offset}. Go on from there."
    return _said(HTTPStatus.CONFLICT, words, (("Upload-Offset", str(offset)),))


def _check_version(version: str | None) -> None:
    if version != tus.VERSION:
        words = f"This market speaks version {tus.VERSION} of the tus protocol."
        raise _said(HTTPStatus.PRECONDITION_FAILED, words, (("Tus-Version", tus.VERSION),))


@speaks_tus
@open_api(
    "POST",
    authentication=by_access_key,
    errors=OF_PIECES,
    largest_body=LARGEST_BEGINNING,
    described=seller.UPLOAD_BEGIN,
)
def begin(request: ApiRequest) -> Response:
    """Extension *creation*. ``Upload-Metadata`` says the ``filename`` and the ``sha256`` of the whole file, in hex."""
    _check_version(request.request.header("Tus-Resumable"))
    if request.request.body:
        raise ApiRefused("CBC.0101", "what begins an upload brings none of its bytes")
    if request.request.header("Upload-Defer-Length") is not None:
        raise ApiRefused("CBC.0101", "Upload-Defer-Length: the length of the file must be known")
    with in_words_of_the_table():
        length = tus.number_of("Upload-Length", request.request.header("Upload-Length"))
        stated = request.request.header("Upload-Metadata") or ""
        about = tus.metadata_of(stated)
    name, sha256 = about.get("filename", "").strip(), about.get("sha256", "").strip().lower()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ApiRefused("CBC.0101", "Upload-Metadata: filename is missing or too long")
    if not SHA256.fullmatch(sha256):
        raise ApiRefused("CBC.0101", "Upload-Metadata: sha256 of the file is missing, or is not 64 hexadecimal digits")
    begun = promise(
        request.caller, request.path["event_id"], length=length, now=request.now, file_name=name, sha256=sha256,
        metadata=stated,
    )  # fmt: skip
    location = reverse("open_api:license_upload_piece", kwargs={"token": begun.token})
    return Response(HTTPStatus.CREATED, (("Location", location), *_stands(begun, 0)))


def by_location(_head: Head) -> CheckWhole:
    """Nobody is asked who he is: who knows the address may."""
    return lambda _request: Caller(0, "")


class PieceSink:
    """Where a piece goes: the end of the file. Satisfies ``transfer.Sink``."""

    def __init__(self, upload: Upload, offset: int) -> None:
        """Raises ``WrongOffset``, and ``Locked`` while the file is delivered."""
        self.upload = upload
        self.file = receive.Growing(path_of(upload, config().uploads), offset=offset, length=upload.length)
        self.most = upload.length - offset
        self.sha256 = ""

    def take(self, content: bytes) -> None:
        self.file.append(content)

    def end(self, ended: Ended) -> None:
        """Of a file that is whole the hash is taken here, by a thread that nobody waits for; from now on it is held."""
        self.file.flush()
        if self.file.size == self.upload.length and ended is Ended.WHOLE:
            self.file.hold()
            self.sha256 = self.file.sha256()

    def release(self) -> None:
        self.file.close()


def _start(http: HttpRequest, token: str) -> PieceSink:
    _check_version(http.headers.get("Tus-Resumable"))
    upload = _found(token)
    if http.content_type != tus.CONTENT_TYPE:
        raise _said(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A piece is sent as {tus.CONTENT_TYPE}.")
    if upload.status == Upload.Status.COMPLETE:
        raise _conflict(upload.length)
    with _in_words_of_tus():
        offset = tus.number_of("Upload-Offset", http.headers.get("Upload-Offset"))
        if stated_length(http) > upload.length - offset:
            raise NotReadable(413, f"this is more than the {upload.length} bytes that were announced")
        check_event(upload.seller_id, upload.about)
        config().uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        return PieceSink(upload, offset)


@speaks_tus
@takes_in(
    "PATCH",
    also=("HEAD", "DELETE", "OPTIONS"),
    held=0,
    start=_start,
    authentication=by_location,
    errors=OF_PIECES,
    described=seller.UPLOAD_PIECE,
)
def piece(http: HttpRequest, _request_id: str, transfer: Transfer | None, token: str) -> Response:
    if transfer is not None:
        return _taken(transfer, now=now_of(http))
    if http.method == "OPTIONS":
        most = str(config().license_most_bytes)
        able = (("Tus-Version", tus.VERSION), ("Tus-Extension", EXTENSIONS), ("Tus-Max-Size", most))
        return Response(HTTPStatus.NO_CONTENT, able)
    _check_version(http.headers.get("Tus-Resumable"))
    upload = _found(token)
    with _in_words_of_tus():
        return _given_up(upload) if http.method == "DELETE" else _asked(upload)


def _taken(transfer: Transfer, *, now: datetime) -> Response:
    """What came is kept, whole or not."""
    sink = cast("PieceSink", transfer.sink)
    if not sink.sha256:
        receive.broke_off(sink.upload, sink.file.size, limits=limits(), now=now)
        with _in_words_of_tus():
            check_ended(transfer)
        return Response(HTTPStatus.NO_CONTENT, _stands(sink.upload, sink.file.size))
    path = path_of(sink.upload, config().uploads)
    file = FileUpload(
        event_id=sink.upload.about, file_name=sink.upload.file_name, path=path, size=sink.file.size, sha256=sink.sha256
    )
    try:
        _check_hash(sink)
        with in_words_of_the_table():
            receive.deliver_file(
                sink.upload.seller_id, file, of=sink.upload, files=kept_in(config().files), now=now, deliver=deliver
            )  # fmt: skip
    except ApiRefused:
        receive.throw_away(sink.upload, file.size, folder=config().uploads)
        raise
    path.unlink(missing_ok=True)  # a small one, whose bytes are in its row now
    return Response(HTTPStatus.NO_CONTENT, (("Upload-Offset", str(file.size)),))


def _check_hash(sink: PieceSink) -> None:
    if sink.sha256 != sink.upload.sha256:
        raise ApiRefused("CBC.0101", "sha256 is not the hash of the file that arrived")


def _asked(upload: Upload) -> Response:
    whole = upload.status == Upload.Status.COMPLETE
    stands = _stands(upload, upload.length if whole else receive.came_so_far(upload, config().uploads))
    about = (("Upload-Metadata", upload.metadata),) if upload.metadata else ()
    return Response(HTTPStatus.OK, (("Upload-Length", str(upload.length)), *about, *stands))


def _given_up(upload: Upload) -> Response:
    if upload.status == Upload.Status.COMPLETE:
        raise _said(HTTPStatus.CONFLICT, "The file is whole, and delivered.")
    came = receive.came_so_far(upload, config().uploads)
    receive.throw_away(upload, came, folder=config().uploads)
    return Response(HTTPStatus.NO_CONTENT)


def _stands(upload: Upload, offset: int) -> Headers:
    expires = (("Upload-Expires", tus.http_date(upload.expires_at)),) if offset < upload.length else ()
    return (("Upload-Offset", str(offset)), *expires)


def _found(token: str) -> Upload:
    of_licenses = Upload.objects.filter(purpose=Upload.Purpose.LICENSE)
    found = of_licenses.filter(token=token).first() if TOKEN.fullmatch(token) else None
    if found is None:
        raise _said(HTTPStatus.NOT_FOUND, "There is no such upload.")
    if found.status in {Upload.Status.TERMINATED, Upload.Status.EXPIRED}:
        raise _said(HTTPStatus.GONE, "This upload was given up.")
    return found


@contextmanager
def _in_words_of_tus() -> Iterator[None]:
    try:
        yield
    except WrongOffset as wrong:
        raise _conflict(wrong.offset) from None
    except Locked:
        raise _said(HTTPStatus.LOCKED, "Another request delivers this upload. Try again shortly.") from None
    except (Refused, NotTaken):
        with in_words_of_the_table():
            raise
