"""Files that people download: Django names them, the web server sends them from the disk.

An answer in one piece stays in memory until its client has read it, and nobody says when that is.

The name travels in a header that no client sees, and never comes from one: it is read from answers alone.
"""

from __future__ import annotations

import re
from pathlib import Path

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from .answering import Headers

HEADER, PART = "X-Tradepost-File", "X-Tradepost-File-Part"
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def send_file(
    path: Path, *, name: str, wanted: str = "", content_type: str = "application/octet-stream"
) -> HttpResponse:
    """The answer that is this file, to be saved under ``name`` and never shown by a browser.

    ``wanted``: the ``Range`` header of a request that resumes a download. The name of the file is in its address where that is
    given, so that a part always belongs to the same content (RFC 9110 §14).
    """
    size = path.stat().st_size
    answer = HttpResponse(content_type=content_type)
    if (part := _part(wanted, size)) is not None:
        return _send_part(answer, path, name, part, size)
    answer["Content-Length"] = str(size)
    return _as_download(answer, path, name)


def _send_part(answer: HttpResponse, path: Path, name: str, part: tuple[int, int], size: int) -> HttpResponse:
    first, end = part
    if first >= end:
        answer.status_code = 416
        answer["Content-Range"] = f"bytes */{size}"
        return answer
    answer.status_code = 206
    answer["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    answer["Content-Length"] = str(end - first)
    answer[PART] = f"{first}-{end}"
    return _as_download(answer, path, name)


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """Begin and end of the one range that is wanted, end exclusive. None for the whole file: no range, several, or no such unit."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return (max(0, size - int(suffix)), size)
    if last and int(last) < int(first):
        return None
    return (int(first), min(size, int(last) + 1) if last else size)


def _as_download(answer: HttpResponse, path: Path, name: str) -> HttpResponse:
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    answer[HEADER] = str(path.resolve())
    return answer


def file_of(headers: Headers) -> str:
    """Empty for an answer that is whole."""
    return next((value for name, value in headers if name == HEADER), "")


def part_of(headers: Headers) -> tuple[int, int] | None:
    """Begin and end, exclusive, of an answer that is a part of a file."""
    part = next((value for name, value in headers if name == PART), "")
    first, _dash, end = part.partition("-")
    return (int(first), int(end)) if part else None


def without_file(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in {HEADER, PART}]
