"""Upload of a text or a file for a market event: how a license that was promised with 000004 arrives (openapi-jointkit §C.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from tradepost.protocols.hmac_sign import same_hex
from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import FormReader, NotMultipart, Part, dump_around, dump_form
from tradepost.protocols.wire_fields import Field
from tradepost.protocols.wire_json import dump_sorted

from .bodies import ApiRefused, BadBody, Members, check, kept, read, success, text
from .errors import ApiError

PREFIX = "/api/mkp-openapi-public/global/v1/market-event/"
SUFFIX = "/file"
SUCCESS = "CBC.0000"
EVENT_ID_LENGTH = 64

ILLEGAL = ApiError(403, "CBC.0150", "Illegal operation")
INVALID = ApiError(400, "CBC.0101", "Invalid parameter")
ERRORS: Mapping[str, ApiError] = {
    error.code: error
    for error in (
        ILLEGAL,
        INVALID,
        ApiError(500, "CBC.0999", "internal error"),
        ApiError(200, "91381033", "License resource invalid"),
        ApiError(200, "91381034", "license apply invalid"),
        ApiError(200, "91381035", "license period has no remain amount"),
        ApiError(200, "91381036", "inner error"),
        ApiError(200, "91381037", "Invalid license format."),
        ApiError(200, "91381038", "License apply has been denied."),
        ApiError(200, "91380150", "Role permission denied."),
    )
}
"""Most failures ride on HTTP 200."""

FORM, FILE = "isvUpdateFileReq", "file"
REQUEST = (
    Field("type", 10, values=("CHARACTERS", "FILE")),
    Field("file_name", 1024, mandatory=False),
    Field("sha256", 1024, mandatory=False),
    Field("characters", 1024, mandatory=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextUpload:
    event_id: str
    characters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpload:
    """``path``: where the file lies; ``size`` in bytes; ``sha256`` of its content, in lower-case hex."""

    event_id: str
    file_name: str
    path: Path
    size: int
    sha256: str


type Upload = TextUpload | FileUpload


def upload_path(event_id: str) -> str:
    return f"{PREFIX}{quote(event_id, safe='')}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class FileForm:
    """The call that uploads a file: its body is ``before``, the bytes of the file, ``after``."""

    url: str
    content_type: str
    before: bytes
    after: bytes


def text_request(upload: TextUpload, *, market: str, boundary: str) -> Request:
    """The call, to be signed with AK/SK. ``boundary``: fresh random alphanumerics. Raises ``ValueError``."""
    if not upload.characters.strip():
        raise ValueError("there is no text to upload")
    members = kept(REQUEST, {"type": "CHARACTERS", "characters": upload.characters})
    content_type, body = dump_form((Part(FORM, dump_sorted(members), "application/json"),), boundary=boundary)
    return Request("POST", _url(market, upload.event_id), (("Content-Type", content_type),), body)


def file_form(event_id: str, file_name: str, sha256: str, *, market: str, boundary: str) -> FileForm:
    """The same for a file, whose bytes are not looked at here; ``sha256`` is what they hash to. ``boundary``: 32 or more fresh
    random alphanumerics, so that no file holds it. Raises ``ValueError``."""
    if not file_name.strip():
        raise ValueError("a file needs a name")
    if len(boundary) < 32:
        raise ValueError("a boundary that is not looked for in the file needs 32 characters")
    members = kept(REQUEST, {"type": "FILE", "file_name": file_name, "sha256": sha256})
    form = Part(FORM, dump_sorted(members), "application/json")
    file = Part(FILE, b"", "application/octet-stream", file_name)
    content_type, before, after = dump_around((form,), file, boundary=boundary)
    return FileForm(_url(market, event_id), content_type, before, after)


def _url(market: str, event_id: str) -> str:
    if not 1 <= len(event_id) <= EVENT_ID_LENGTH:
        raise ValueError(f"an event id has 1 to {EVENT_ID_LENGTH} characters")
    return f"{market.rstrip('/')}{upload_path(event_id)}"


LARGEST_FORM = 64 * 1024
"""Bytes of the part that says what is uploaded: four texts of 1,024 characters."""


class UploadReader:
    """Reads the form of an upload as it comes, in pieces of any size; the file's bytes go to ``write``.

    ``file_name`` is the name of the part that held a file, None when there was none. What else is in the form is passed over.
    """

    def __init__(self, content_type: str | None, write: Callable[[bytes], object]) -> None:
        """Raises ``NotMultipart``, as ``feed`` and ``end`` do."""
        self._write = write
        self._reader = FormReader(content_type, self._begin)
        self._form: bytearray | None = None
        self.file_name: str | None = None

    def feed(self, content: bytes) -> None:
        self._reader.feed(content)

    def end(self) -> None:
        """Nothing more comes."""
        self._reader.end()

    @property
    def form(self) -> bytes | None:
        return None if self._form is None else bytes(self._form)

    def _begin(self, head: Part) -> Callable[[bytes], object]:
        if head.name == FILE:
            self.file_name = head.filename or ""
            return self._write
        if head.name == FORM:
            self._form = bytearray()
            return self._of_form
        return _passed_over

    def _of_form(self, content: bytes) -> None:
        assert self._form is not None
        self._form += content
        if len(self._form) > LARGEST_FORM:
            raise NotMultipart(f"the part {FORM} is longer than {LARGEST_FORM} bytes")


def _passed_over(content: bytes) -> None:
    """A part that is not of this call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came with a call that was read to its end. ``form`` and ``file_name``: see ``UploadReader``; the rest: see
    ``FileUpload``."""

    form: bytes | None
    file_name: str | None
    path: Path
    size: int
    sha256: str


def load_upload(request: Request, came: Came) -> Upload:
    """What a verified call uploads; ``request`` without its body. Raises ``ApiRefused`` with CBC.0101 and nothing else."""
    try:
        return _load(event_id_of(request), came)
    except BadBody as error:
        raise ApiRefused(INVALID, str(error)) from None


def uploaded() -> Response:
    """The answer to an accepted call."""
    return success(SUCCESS, "Success")


def _load(event_id: str, came: Came) -> Upload:
    if came.form is None:
        raise BadBody(f"there is no part {FORM}")
    members = read(came.form)
    check(REQUEST, members)
    if members["type"] == "FILE":
        return _file(event_id, members, came)
    characters = text(members, "characters")
    if not characters.strip():
        raise BadBody("characters is missing")
    return TextUpload(event_id=event_id, characters=characters)


def event_id_of(request: Request) -> str:
    """Raises ``BadBody`` for a path that holds none."""
    try:
        path = request.path
    except ValueError:
        raise BadBody("the URL cannot be read") from None
    event_id = unquote(path.removeprefix(PREFIX).removesuffix(SUFFIX))
    if not (path.startswith(PREFIX) and path.endswith(SUFFIX)) or not 1 <= len(event_id) <= EVENT_ID_LENGTH:
        raise BadBody(f"the path does not hold an event id of 1 to {EVENT_ID_LENGTH} characters")
    return event_id


def _file(event_id: str, members: Members, came: Came) -> FileUpload:
    if came.file_name is None:
        raise BadBody(f"there is no part {FILE}")
    # A published sample leaves file_name out although it must be there: the part's own name stands in.
    name = text(members, "file_name").strip() or came.file_name.strip()
    if not name or len(name) > 1024:
        raise BadBody("file_name is missing or too long")
    stated = text(members, "sha256").strip()
    if not stated:
        raise BadBody("sha256 is missing")
    if not same_hex(stated, came.sha256):
        raise BadBody("sha256 is not the hash of the file that arrived")
    return FileUpload(event_id=event_id, file_name=name, path=came.path, size=came.size, sha256=came.sha256)
