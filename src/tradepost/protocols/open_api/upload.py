"""Upload of a text or a file for a market event: how a license that was promised with 000004 arrives (openapi-jointkit §C.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from tradepost.protocols.hmac_sign import same_hex
from tradepost.protocols.http import Request, Response
from tradepost.protocols.multipart import NotMultipart, Part, dump_form, load_form
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
    event_id: str
    file_name: str
    content: bytes


type Upload = TextUpload | FileUpload


def upload_path(event_id: str) -> str:
    return f"{PREFIX}{quote(event_id, safe='')}{SUFFIX}"


def upload_request(upload: Upload, *, market: str, boundary: str) -> Request:
    """The call, to be signed with AK/SK. ``boundary``: fresh random alphanumerics. Raises ``ValueError``."""
    if not 1 <= len(upload.event_id) <= EVENT_ID_LENGTH:
        raise ValueError(f"an event id has 1 to {EVENT_ID_LENGTH} characters")
    if isinstance(upload, TextUpload):
        if not upload.characters.strip():
            raise ValueError("there is no text to upload")
        members: dict[str, object] = {"type": "CHARACTERS", "characters": upload.characters}
        parts: tuple[Part, ...] = ()
    else:
        if not upload.file_name.strip():
            raise ValueError("a file needs a name")
        members = {
            "type": "FILE",
            "file_name": upload.file_name,
            "sha256": hashlib.sha256(upload.content).hexdigest(),
        }
        parts = (Part(FILE, upload.content, "application/octet-stream", upload.file_name),)
    form = Part(FORM, dump_sorted(kept(REQUEST, members)), "application/json")
    content_type, body = dump_form((form, *parts), boundary=boundary)
    url = f"{market.rstrip('/')}{upload_path(upload.event_id)}"
    return Request("POST", url, (("Content-Type", content_type),), body)


def load_upload(request: Request) -> Upload:
    """What a verified call uploads. Raises ``ApiRefused`` with CBC.0101 and nothing else."""
    try:
        return _load(request)
    except (BadBody, NotMultipart) as error:
        raise ApiRefused(INVALID, str(error)) from None


def uploaded() -> Response:
    """The answer to an accepted call."""
    return success(SUCCESS, "Success")


def _load(request: Request) -> Upload:
    event_id = _event_id(request)
    parts = {part.name: part for part in load_form(request.header("Content-Type"), request.body)}
    if FORM not in parts:
        raise BadBody(f"there is no part {FORM}")
    members = read(parts[FORM].content)
    check(REQUEST, members)
    if members["type"] == "FILE":
        return _file(event_id, members, parts.get(FILE))
    characters = text(members, "characters")
    if not characters.strip():
        raise BadBody("characters is missing")
    return TextUpload(event_id=event_id, characters=characters)


def _event_id(request: Request) -> str:
    try:
        path = request.path
    except ValueError:
        raise BadBody("the URL cannot be read") from None
    event_id = unquote(path.removeprefix(PREFIX).removesuffix(SUFFIX))
    if not (path.startswith(PREFIX) and path.endswith(SUFFIX)) or not 1 <= len(event_id) <= EVENT_ID_LENGTH:
        raise BadBody(f"the path does not hold an event id of 1 to {EVENT_ID_LENGTH} characters")
    return event_id


def _file(event_id: str, members: Members, part: Part | None) -> FileUpload:
    if part is None:
        raise BadBody(f"there is no part {FILE}")
    # A published sample leaves file_name out although it must be there: the part's own name stands in.
    name = text(members, "file_name").strip() or (part.filename or "").strip()
    if not name or len(name) > 1024:
        raise BadBody("file_name is missing or too long")
    stated = text(members, "sha256").strip()
    if not stated:
        raise BadBody("sha256 is missing")
    if not same_hex(stated, hashlib.sha256(part.content).hexdigest()):
        raise BadBody("sha256 is not the hash of the file that arrived")
    return FileUpload(event_id=event_id, file_name=name, content=part.content)
