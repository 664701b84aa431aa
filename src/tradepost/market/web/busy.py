"""Detect that the database is temporarily unavailable, and answer 503 with the advice to retry.

Examples: a long write lock on SQLite, a restart of PostgreSQL, a deadlock, a full disk. The same request succeeds
later. Other database errors, such as a missing table, remain errors of the market.
"""

from __future__ import annotations

import sqlite3
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from .site_homes import plain_context

RETRY_AFTER = 5
"""Seconds; the reader has already waited about as long."""
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
_PRIMARY = 0xFF
"""Mask for the primary code, which is the last byte of SQLite's extended codes."""


def is_busy(error: BaseException | None) -> bool:
    """Return whether the database was unavailable and may answer a retry."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & _PRIMARY in _SQLITE_BUSY
    return True


def busy_page(request: HttpRequest) -> HttpResponse:
    """Return a 503 page in the reader's language, rendered without database queries."""
    retry_url = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    page = HttpResponse(
        render_to_string("503.html", {"again": retry_url} | plain_context(request)),
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )
    page["Retry-After"] = str(RETRY_AFTER)
    page["Cache-Control"] = "no-store"
    return page
