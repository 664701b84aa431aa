"""Strict reader and writer of ``multipart/form-data``: readers that disagree about the parts could receive different
files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

MAX_PARTS = 16
_MAX_HEADERS = 4096
"""Maximum bytes of the headers of one part."""
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=?-]{1,70}")
_PARAMETER = re.compile(r';\s*([a-zA-Z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))')


class NotMultipart(ValueError):
    """The bytes are not a valid form; the message explains why without quoting them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form. ``filename`` is None if the field is not a file."""

    name: str
    content: bytes
    content_type: str = ""
    filename: str | None = None


def dump_form(parts: tuple[Part, ...], *, boundary: str) -> tuple[str, bytes]:
    """Return the Content-Type and the body. ``boundary``: fresh and random, 1 to 70 characters that occur in no part.

    Raises ``ValueError`` for an invalid boundary.
    """
    boundary_bytes = boundary.encode()
    if not _BOUNDARY.fullmatch(boundary) or any(b"--" + boundary_bytes in part.content for part in parts):
        raise ValueError("the boundary has characters that are not allowed, or occurs in a part")
    pieces = [b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary_bytes, _head(part), part.content) for part in parts]
    return f"multipart/form-data; boundary={_boundary_parameter(boundary)}", b"".join(
        pieces
    ) + b"--%s--\r\n" % boundary_bytes


def dump_streamed(parts: tuple[Part, ...], last: Part, *, boundary: str) -> tuple[str, bytes, bytes]:
    """Return the Content-Type, and the bytes before and after the content of ``last``, which is too large for memory.
    Use a long ``boundary``, since the content is not searched for it. Raises ``ValueError`` like ``dump_form``."""
    content_type, body = dump_form((*parts, replace(last, content=b"")), boundary=boundary)
    tail = b"\r\n--%s--\r\n" % boundary.encode()
    return content_type, body.removesuffix(tail), tail


def load_form(content_type: str | None, body: bytes) -> tuple[Part, ...]:
    """Return the parts in their order. Raises only ``NotMultipart``."""
    parts: list[tuple[Part, bytearray]] = []

    def begin(head: Part) -> Callable[[bytes], object]:
        content = bytearray()
        parts.append((head, content))
        return content.extend

    reader = FormReader(content_type, begin)
    reader.feed(body)
    reader.end()
    return tuple(replace(head, content=bytes(content)) for head, content in parts)


class FormReader:
    """Incremental reader of forms. It accepts pieces of any size and buffers at most the last piece and a boundary.
    ``begin`` is called with each part, without content, and returns the function that receives the content.

    Raises ``NotMultipart`` and the exceptions of those two functions.
    """

    def __init__(self, content_type: str | None, begin: Callable[[Part], Callable[[bytes], object]]) -> None:
        self._delimiter = b"\r\n--" + _boundary(content_type).encode()
        self._begin = begin
        # A leading line break gives the first delimiter the form of all others.
        self._held = b"\r\n"
        self._step: Callable[[], bool] = self._first
        self._write: Callable[[bytes], object] = _discard
        self._names: set[str] = set()

    def feed(self, content: bytes) -> None:
        self._held += content
        while self._step():
            pass

    def end(self) -> None:
        """Finish the form."""
        if self._step != self._after_all:
            raise NotMultipart(_NOT_ENCLOSED)

    def _first(self) -> bool:
        if not self._held.startswith(self._delimiter[: len(self._held)]):
            raise NotMultipart(_NOT_ENCLOSED)
        return self._passed(0) if len(self._held) >= len(self._delimiter) else False

    def _passed(self, position: int) -> bool:
        """Continue after the delimiter at ``position``."""
        self._held = self._held[position + len(self._delimiter) :]
        self._step = self._after_delimiter
        return True

    def _after_delimiter(self) -> bool:
        if len(self._held) < 2:
            return False
        if self._held.startswith(b"--"):
            self._held = self._held[2:]
            self._step = self._after_all
        else:
            self._step = self._headers
        return True

    def _headers(self) -> bool:
        end = self._held.find(b"\r\n\r\n")
        next_delimiter = self._held.find(self._delimiter)
        if end < 0 and next_delimiter < 0 and len(self._held) <= _MAX_HEADERS and self._held.startswith(b"\r\n"):
            return False
        if not 0 < end <= _MAX_HEADERS or not self._held.startswith(b"\r\n") or -1 < next_delimiter < end:
            raise NotMultipart("a part has no sound headers")
        if len(self._names) == MAX_PARTS:
            raise NotMultipart(f"more than {MAX_PARTS} parts")
        part = _part(self._held[2:end])
        if part.name in self._names:
            raise NotMultipart("two parts have one name")
        self._names.add(part.name)
        self._write = self._begin(part)
        # Keep the line break until it is certain that no delimiter begins with it.
        self._held, self._step = self._held[end + 2 :], self._content_begins
        return True

    def _content_begins(self) -> bool:
        if len(self._held) < len(self._delimiter):
            return False
        # A delimiter that begins with the empty line's own break leaves no place for content. It may arrive later than
        # the headers, so it is checked here, where the result does not depend on the size of the pieces.
        if self._held.startswith(self._delimiter):
            raise NotMultipart("a part has no sound headers")
        self._held, self._step = self._held[2:], self._content
        return True

    def _content(self) -> bool:
        position = self._held.find(self._delimiter)
        certain = position if position >= 0 else len(self._held) - len(self._delimiter) + 1
        if certain > 0:
            self._write(self._held[:certain])
            self._held = self._held[certain:]
        return self._passed(0) if position >= 0 else False

    def _after_all(self) -> bool:
        if self._held.strip(b" \t\r\n"):
            raise NotMultipart("something follows the last boundary")
        self._held = b""
        return False


def _discard(content: bytes) -> None:
    """Discard bytes before the first part."""


_NOT_ENCLOSED = "the body does not begin and end with the boundary"


def _boundary(content_type: str | None) -> str:
    media_type, _, _ = (content_type or "").partition(";")
    if media_type.strip().lower() != "multipart/form-data":
        raise NotMultipart("the content type is not multipart/form-data")
    boundary = _parameters(content_type or "").get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise NotMultipart("the content type has no sound boundary")
    return boundary


def _head(part: Part) -> bytes:
    disposition = f'form-data; name="{_quoted(part.name)}"'
    if part.filename is not None:
        disposition += f'; filename="{_quoted(part.filename)}"'
    lines = [f"Content-Disposition: {disposition}"]
    if part.content_type:
        lines.append(f"Content-Type: {part.content_type}")
    return "\r\n".join(lines).encode()


def _quoted(text: str) -> str:
    """Percent-encode the three characters that would end the header, as browsers do."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _unquoted(text: str) -> str:
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _boundary_parameter(boundary: str) -> str:
    return boundary if re.fullmatch(r"[A-Za-z0-9_.-]+", boundary) else f'"{boundary}"'


def _parameters(header: str) -> dict[str, str]:
    return {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PARAMETER.finditer(header)}


def _part(head: bytes) -> Part:
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise NotMultipart("the headers of a part are not UTF-8") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("content-transfer-encoding", "binary").lower() not in {"binary", "8bit", "7bit"}:
        raise NotMultipart("a part has a transfer encoding")
    disposition = headers.get("content-disposition", "")
    parameters = _parameters(disposition)
    if disposition.partition(";")[0].strip().lower() != "form-data" or "name" not in parameters:
        raise NotMultipart("a part has no name")
    filename = parameters.get("filename")
    return Part(
        name=_unquoted(parameters["name"]),
        content=b"",
        content_type=headers.get("content-type", ""),
        filename=None if filename is None else _unquoted(filename),
    )
