"""Files that are too large for an answer in one piece: Django names them, the web server sends them from the disk.

The name travels in a header that no client sees, and never comes from one: it is read from answers alone.
"""

from __future__ import annotations

from pathlib import Path

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from .answering import Headers

HEADER = "X-Tradepost-File"


def send_file(path: Path, *, name: str) -> HttpResponse:
    """The answer that is this file, to be saved under ``name`` and never shown by a browser."""
    answer = HttpResponse(content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Length"] = str(path.stat().st_size)
    answer[HEADER] = str(path.resolve())
    return answer


def file_of(headers: Headers) -> str:
    """Empty for an answer that is whole."""
    return next((value for name, value in headers if name == HEADER), "")


def without_file(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name != HEADER]
