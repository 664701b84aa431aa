"""Downloads of lists: short lists at once, long lists prepared by a worker."""

from __future__ import annotations

from http import HTTPStatus
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.base.table_files import CSV_TYPE, WORKBOOK_TYPE, Cell, write_csv, write_workbook
from tradepost.market.exports.models import MAX_QUERY_LENGTH
from tradepost.market.web.limits import FORMAT

from .listing import FORMATS, Listing, Render

MAX_DIRECT_ROWS = 10_000
"""Maximum rows that a request writes itself; they take 1 s as CSV and 1.5 s as XLSX."""


def is_download(request: Any) -> bool:
    return FORMAT in request.GET


def download(listing: Listing[Any, Any], request: Any, render: Render) -> HttpResponse:
    """Return the file, or for a longer list the page that offers to prepare it."""
    kind = request.GET[FORMAT]
    if not listing.file or kind not in FORMATS:
        raise Http404
    list_query = listing.asked(request)
    if list_query.problems:
        return listing.view(request, render)
    rows = list(islice(listing.lines(request, list_query), MAX_DIRECT_ROWS + 1))
    if len(rows) > MAX_DIRECT_ROWS:
        query = request.GET.copy()
        query.pop(FORMAT)
        query.pop("after", None)
        filters = checked_query(query.urlencode())
        context = {
            "listing": listing, "layout": listing.layout, "kind": kind, "query": filters, "at_once": MAX_DIRECT_ROWS,
            "exports_new": f"{listing.name.partition(':')[0]}:export_new", "back": f"{request.path}?{filters}",
        }  # fmt: skip
        return render(request, "web/pages/long_export.html", context, HTTPStatus.OK)
    return table_response(listing.head(), rows, listing.file, kind)


def checked_query(query: str) -> str:
    """Return the filters of a list as a query string. Raises ``Refused`` if they are too long for an export."""
    if len(query) > MAX_QUERY_LENGTH:
        words = _("The filters are too long for an export. Shorten the search text and export again.")
        raise Refused("export.query", words, HTTPStatus.UNPROCESSABLE_ENTITY)
    return query


def table_response(head: list[str], rows: list[list[Cell]], name: str, kind: str) -> HttpResponse:
    """Return a short table as a download."""
    content: str | bytes
    if kind == "csv":
        buffer = StringIO(newline="")
        write_csv(buffer, head, rows)
        content = buffer.getvalue()
    else:
        with TemporaryDirectory(prefix="tradepost-") as folder:
            path = Path(folder) / "table.xlsx"
            write_workbook(path, head, rows, name=name, digits=MINOR_DIGITS[config().currency])
            content = path.read_bytes()
    response = HttpResponse(content, content_type=CSV_TYPE if kind == "csv" else WORKBOOK_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
