"""``multipart/form-data`` as bytes, both ends, strict: two readers that disagree about the parts could be fed two files."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PARTS = 16
_MAX_HEADERS = 4096
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=?-]{1,70}")
_PARAMETER = re.compile(r';\s*([a-zA-Z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))')


class NotMultipart(ValueError):
    """The bytes are not the form that was expected; the text says why, without quoting them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. ``filename`` is None when there is none: the field is no file."""

    name: str
    content: bytes
    content_type: str = ""
    filename: str | None = None


def dump_form(parts: tuple[Part, ...], *, boundary: str) -> tuple[str, bytes]:
    """The Content-Type and the body. ``boundary``: fresh and random, 1 to 70 characters that occur in no part.

    Raises ``ValueError`` for a boundary that does not fit.
    """
    mark = boundary.encode()
    if not _BOUNDARY.fullmatch(boundary) or any(b"--" + mark in part.content for part in parts):
        raise ValueError("the boundary has characters that are not allowed, or occurs in a part")
    pieces = [b"--%s\r\n%s\r\n\r\n%s\r\n" % (mark, _head(part), part.content) for part in parts]
    return f"multipart/form-data; boundary={_shown(boundary)}", b"".join(pieces) + b"--%s--\r\n" % mark


def load_form(content_type: str | None, body: bytes) -> tuple[Part, ...]:
    """The parts in their order. Raises ``NotMultipart`` and nothing else."""
    media_type, _, _ = (content_type or "").partition(";")
    if media_type.strip().lower() != "multipart/form-data":
        raise NotMultipart("the content type is not multipart/form-data")
    boundary = _parameters(content_type or "").get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise NotMultipart("the content type has no sound boundary")
    # With a line break in front, the first delimiter looks like all others.
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if len(pieces) < 2 or pieces[0] or not pieces[-1].startswith(b"--"):
        raise NotMultipart("the body does not begin and end with the boundary")
    if pieces[-1][2:].strip(b" \t\r\n"):
        raise NotMultipart("something follows the last boundary")
    if len(pieces) - 2 > MAX_PARTS:
        raise NotMultipart(f"more than {MAX_PARTS} parts")
    parts = tuple(_part(piece) for piece in pieces[1:-1])
    if len({part.name for part in parts}) < len(parts):
        raise NotMultipart("two parts have one name")
    return parts


def _head(part: Part) -> bytes:
    disposition = f'form-data; name="{_quoted(part.name)}"'
    if part.filename is not None:
        disposition += f'; filename="{_quoted(part.filename)}"'
    lines = [f"Content-Disposition: {disposition}"]
    if part.content_type:
        lines.append(f"Content-Type: {part.content_type}")
    return "\r\n".join(lines).encode()


def _quoted(text: str) -> str:
    """As browsers do: the three characters that would end the header are percent-encoded, all others stay."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _unquoted(text: str) -> str:
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _shown(boundary: str) -> str:
    return boundary if re.fullmatch(r"[A-Za-z0-9_.-]+", boundary) else f'"{boundary}"'


def _parameters(header: str) -> dict[str, str]:
    return {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PARAMETER.finditer(header)}


def _part(piece: bytes) -> Part:
    head, found, content = piece.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"\r\n") or len(head) > _MAX_HEADERS:
        raise NotMultipart("a part has no sound headers")
    try:
        lines = head[2:].decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise NotMultipart("the headers of a part are not UTF-8") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("content-transfer-encoding", "binary").lower() not in {"binary", "8bit", "7bit"}:
        raise NotMultipart("a part has a transfer encoding")
    disposition = headers.get("content-disposition", "")
    given = _parameters(disposition)
    if disposition.partition(";")[0].strip().lower() != "form-data" or "name" not in given:
        raise NotMultipart("a part has no name")
    filename = given.get("filename")
    return Part(
        name=_unquoted(given["name"]),
        content=content,
        content_type=headers.get("content-type", ""),
        filename=None if filename is None else _unquoted(filename),
    )
