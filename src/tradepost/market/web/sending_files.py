"""File downloads: Django names the file, the web server sends it from disk.

A response held in memory stays there until its client has read it, at any pace. The path travels in an internal header
of the response, which is removed before sending and never read from requests.
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
    """Return a response with this file as a download named ``name``.

    ``wanted``: the ``Range`` header of a resumed download. Pass it only if the address contains the content's hash, so
    that a part always belongs to the same content (RFC 9110 §14).
    """
    size = path.stat().st_size
    response = HttpResponse(content_type=content_type)
    if (part := _part(wanted, size)) is not None:
        return _send_part(response, path, name, part, size)
    response["Content-Length"] = str(size)
    return _as_download(response, path, name)


def _send_part(response: HttpResponse, path: Path, name: str, part: tuple[int, int], size: int) -> HttpResponse:
    start, end = part
    if start >= end:
        response.status_code = 416
        response["Content-Range"] = f"bytes */{size}"
        return response
    response.status_code = 206
    response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response["Content-Length"] = str(end - start)
    response[PART] = f"{start}-{end}"
    return _as_download(response, path, name)


def _part(header: str, size: int) -> tuple[int, int] | None:
    """Parse a single byte range into its start and exclusive end. Return None for the whole file: no range, several
    ranges, or another unit."""
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first_position, last_position, suffix = match.groups()
    if suffix is not None:
        return (max(0, size - int(suffix)), size)
    if last_position and int(last_position) < int(first_position):
        return None
    return (int(first_position), min(size, int(last_position) + 1) if last_position else size)


def _as_download(response: HttpResponse, path: Path, name: str) -> HttpResponse:
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response[HEADER] = str(path.resolve())
    return response


def file_of(headers: Headers) -> str:
    """Return the path of the file to send, or "" for a complete response."""
    return next((value for name, value in headers if name == HEADER), "")


def part_of(headers: Headers) -> tuple[int, int] | None:
    """Return start and exclusive end of a partial response, or None."""
    part = next((value for name, value in headers if name == PART), "")
    start, _dash, end = part.partition("-")
    return (int(start), int(end)) if part else None


def without_file(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in {HEADER, PART}]
