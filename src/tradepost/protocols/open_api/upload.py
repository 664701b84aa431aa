"""Upload of a text or a file for a market event, such as a license after the answer 000004 (openapi-jointkit §C.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from tradepost.protocols.hmac_sign import same_hex
from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import FormReader, NotMultipart, Part, dump_form, dump_streamed
from tradepost.protocols.wire_fields import Field
from tradepost.protocols.wire_json import dump_sorted

from .bodies import ApiRefused, BadBody, Members, check_members, parse_body, success, text, validated
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
"""Most failures use HTTP 200."""

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
    """``path``: where the file is stored; ``size`` in bytes; ``sha256`` of its content, in lower-case hex."""

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
    """The call that uploads a file. Its body is ``before``, the bytes of the file, and ``after``."""

    url: str
    content_type: str
    before: bytes
    after: bytes


def text_request(upload: TextUpload, *, market: str, boundary: str) -> Request:
    """Return the call, to be signed with AK/SK. ``boundary``: fresh random alphanumerics. Raises ``ValueError``."""
    if not upload.characters.strip():
        raise ValueError("there is no text to upload")
    members = validated(REQUEST, {"type": "CHARACTERS", "characters": upload.characters})
    content_type, body = dump_form((Part(FORM, dump_sorted(members), "application/json"),), boundary=boundary)
    return Request("POST", _url(market, upload.event_id), (("Content-Type", content_type),), body)


def file_form(event_id: str, file_name: str, sha256: str, *, market: str, boundary: str) -> FileForm:
    """Return the call for a file without reading it; ``sha256`` is the hash of its bytes. ``boundary``: 32 or more
    fresh random alphanumerics, so that it does not occur in the file. Raises ``ValueError``."""
    if not file_name.strip():
        raise ValueError("a file needs a name")
    if len(boundary) < 32:
        raise ValueError("a boundary that is not looked for in the file needs 32 characters")
    members = validated(REQUEST, {"type": "FILE", "file_name": file_name, "sha256": sha256})
    form = Part(FORM, dump_sorted(members), "application/json")
    file = Part(FILE, b"", "application/octet-stream", file_name)
    content_type, before, after = dump_streamed((form,), file, boundary=boundary)
    return FileForm(_url(market, event_id), content_type, before, after)


def _url(market: str, event_id: str) -> str:
    if not 1 <= len(event_id) <= EVENT_ID_LENGTH:
        raise ValueError(f"an event id has 1 to {EVENT_ID_LENGTH} characters")
    return f"{market.rstrip('/')}{upload_path(event_id)}"


MAX_FORM_BYTES = 64 * 1024
"""Maximum bytes of the form fields: four texts of 1,024 characters."""


class UploadReader:
    """Read an upload's form in pieces of any size, and pass the bytes of the file to ``write``.

    ``file_name`` is the name of the file part, None if there is none. Other parts are ignored.
    """

    def __init__(self, content_type: str | None, write: Callable[[bytes], object]) -> None:
        """Raise ``NotMultipart`` for an invalid content type, as ``feed`` and ``end`` do for invalid bytes."""
        self._write = write
        self._reader = FormReader(content_type, self._begin)
        self._form: bytearray | None = None
        self.file_name: str | None = None

    def feed(self, content: bytes) -> None:
        self._reader.feed(content)

    def end(self) -> None:
        """Finish the form."""
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
        return _ignore_content

    def _of_form(self, content: bytes) -> None:
        assert self._form is not None
        self._form += content
        if len(self._form) > MAX_FORM_BYTES:
            raise NotMultipart(f"the part {FORM} is longer than {MAX_FORM_BYTES} bytes")


def _ignore_content(content: bytes) -> None:
    """Ignore the content of an unknown part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedUpload:
    """The contents of a completely received call. ``form`` and ``file_name``: see ``UploadReader``; the others: see
    ``FileUpload``."""

    form: bytes | None
    file_name: str | None
    path: Path
    size: int
    sha256: str


def load_upload(request: Request, received: ReceivedUpload) -> Upload:
    """Return the upload of a verified call; ``request`` has no body. Raises only ``ApiRefused`` with CBC.0101."""
    try:
        return _load(event_id_of(request), received)
    except BadBody as error:
        raise ApiRefused(INVALID, str(error)) from None


def upload_response() -> Response:
    """Return the answer to an accepted call."""
    return success(SUCCESS, "Success")


def _load(event_id: str, received: ReceivedUpload) -> Upload:
    if received.form is None:
        raise BadBody(f"there is no part {FORM}")
    members = parse_body(received.form)
    check_members(REQUEST, members)
    if members["type"] == "FILE":
        return _file(event_id, members, received)
    characters = text(members, "characters")
    if not characters.strip():
        raise BadBody("characters is missing")
    return TextUpload(event_id=event_id, characters=characters)


def event_id_of(request: Request) -> str:
    """Return the event's ID from the path. Raises ``BadBody`` if it has none."""
    try:
        path = request.path
    except ValueError:
        raise BadBody("the URL cannot be read") from None
    event_id = unquote(path.removeprefix(PREFIX).removesuffix(SUFFIX))
    if not (path.startswith(PREFIX) and path.endswith(SUFFIX)) or not 1 <= len(event_id) <= EVENT_ID_LENGTH:
        raise BadBody(f"the path does not hold an event id of 1 to {EVENT_ID_LENGTH} characters")
    return event_id


def _file(event_id: str, members: Members, received: ReceivedUpload) -> FileUpload:
    if received.file_name is None:
        raise BadBody(f"there is no part {FILE}")
    # A published sample omits file_name although it is mandatory; the part's own name replaces it.
    name = text(members, "file_name").strip() or received.file_name.strip()
    if not name or len(name) > 1024:
        raise BadBody("file_name is missing or too long")
    stated_text = text(members, "sha256").strip()
    if not stated_text:
        raise BadBody("sha256 is missing")
    if not same_hex(stated_text, received.sha256):
        raise BadBody("sha256 is not the hash of the file that arrived")
    return FileUpload(event_id=event_id, file_name=name, path=received.path, size=received.size, sha256=received.sha256)
