"""When the database gives no answer for now: the asker is told to come again, and that nothing was done.

A writer that holds SQLite's lock longer than others wait, a PostgreSQL that restarts, a deadlock that it solved against
this request, a disk that is full: a moment later, or when somebody made room, the same request succeeds. A table that is
missing, say, is an error of ours all the same.
"""

from __future__ import annotations

import sqlite3
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER = 5
"""Seconds: as long as who is told this has waited already."""
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
_PRIMARY = 0xFF
"""SQLite's extended codes keep the primary one in their last byte."""


def is_busy(error: BaseException | None) -> bool:
    """Whether the database could not answer now, and may a moment later."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & _PRIMARY in _SQLITE_BUSY
    return True


def busy_page(request: HttpRequest) -> HttpResponse:
    """503 in the reader's language; making it asks the database for nothing."""
    again = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    page = HttpResponse(render_to_string("503.html", {"again": again}), status=HTTPStatus.SERVICE_UNAVAILABLE)
    page["Retry-After"] = str(RETRY_AFTER)
    page["Cache-Control"] = "no-store"
    return page
