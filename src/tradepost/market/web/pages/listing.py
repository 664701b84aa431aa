"""A list as a declaration: source, columns and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.collector import free_cycles
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.base.table_files import Cell

from . import filters as reading
from .columns import Column
from .filters import Filter
from .list_query import ListQuery

type Words = str | Promise
type Source[M] = Callable[[Any, ListQuery, str, int], Page[M]]
"""Takes the request, the filter values, the key after which the page begins, and the page size."""
type Render = Callable[[Any, str, Mapping[str, Any], int], HttpResponse]
"""Renders a template with a context and a status in the frame of a site."""

FORMATS = ("csv", "xlsx")
NONE = "–"
"""Shown in a cell without a value."""
BATCH = 1_000
"""Number of rows read at once for a file."""


class Link(Struct, frozen=True, kw_only=True):
    """A button beside the heading. ``may`` decides whether the reader sees it."""

    words: Words
    page: str
    query: str = ""
    icon: str = ""
    primary: bool = False
    may: Callable[[Any], bool] | None = None


class Empty(Struct, frozen=True, kw_only=True):
    """Shown instead of rows: why there are none and how to create one. ``page``: URL name for the button ``action``."""

    icon: str
    title: Words
    text: Words = ""
    action: Words = ""
    page: str = ""


class ListCell(Struct, frozen=True):
    css: str
    label: Words
    html: SafeString | str


class ListRow(Struct, frozen=True):
    """A row of cells. ``item``: the object that the columns read, for templates with forms in rows."""

    item: Any
    cells: Sequence[ListCell]


class Listing[M, R](Struct, frozen=True, kw_only=True):
    """A list. ``rows`` converts the models of a page for the columns, with a bounded number of statements.

    ``file``: base name of its files; "" for none. ``also``: more context for a ``template`` that extends the default.
    """

    name: str
    """URL name with namespace: ``console:refunds``."""
    title: Words
    layout: str
    source: Source[M]
    columns: Sequence[Column[R]]
    empty: Empty
    no_fit: Empty | None = None
    """Shown if the filters match no rows; defaults to ``empty``."""
    filters: Sequence[Filter] = ()
    rows: Callable[[Any, list[M]], Sequence[R]] | None = None
    size: int = 25
    sorts: bool = True
    """Whether the reader can sort by oldest first, which every source based on ``paging.page`` supports."""
    file: str = ""
    intro: Words | Callable[[Any], Words] = ""
    """A sentence below the heading; a function of the request if it depends on settings or the time."""
    up: Link | None = None
    """The parent page, for the back link."""
    links: Sequence[Link] = ()
    template: str = "web/pages/listing.html"
    also: Callable[[Any, ListQuery], Mapping[str, Any]] | None = None

    def asked(self, request: Any) -> ListQuery:
        return reading.read(self._filters, request, request.now)

    def view(self, request: Any, render: Render) -> HttpResponse:
        """Return the page; with status 422 for an invalid value."""
        query = self.asked(request)
        after = query.after(request.GET.get("after", ""))
        page = Page[M]([], "") if query.problems else self.source(request, query, after, self.size)
        tabs = next((list_filter for list_filter in self.filters if list_filter.kind == "tabs"), None)
        context = {
            "listing": self,
            "layout": self.layout,
            "intro": self.intro(request) if callable(self.intro) else self.intro,
            "tabs": list(tabs.options(request)) if tabs and tabs.options else (),
            "current": query[tabs.name] if tabs else "",
            "asked": query,
            "problems": query.problems,  # a template would look up ``asked["problems"]``, a filter
            "page": page,
            "fields": [SafeString(list_filter.field(request, query)) for list_filter in self._filters]
            if self.filters or page.rows
            else [],
            "rows": self._list_rows(self._rows_of(request, page.rows)),
            "links": [link for link in self.links if link.may is None or link.may(request)],
            "nothing": self.no_fit if query.narrowed and self.no_fit else self.empty,
            "formats": FORMATS if self.file and page.rows and not page.cut_at else (),
            "exports_page": f"{self.name.partition(':')[0]}:exports" if self.file else "",
            **(self.also(request, query) if self.also else {}),
        }
        return render(request, self.template, context, query.status)

    def _rows_of(self, request: Any, models: list[M]) -> Sequence[R]:
        # M is R here
        return self.rows(request, models) if self.rows is not None else models  # type: ignore[return-value]

    def _list_rows(self, rows: Sequence[R]) -> list[ListRow]:
        return [
            ListRow(
                row,
                [
                    ListCell(head.css, head.words if head.labelled else "", SafeString(head.html(row)) or NONE)
                    for head in self.heads
                ],
            )
            for row in rows
        ]

    @property
    def _filters(self) -> Sequence[Filter]:
        return (*self.filters, reading.ORDER) if self.sorts else self.filters

    @property
    def heads(self) -> list[Column[R]]:
        return [column for column in self.columns if column.on_page]

    # --- as a file
    # --------------------------------------------------------------------------------------------------------

    def head(self) -> list[str]:
        """Return the headings of a file, in the reader's language."""
        return [str(column.words) for column in self._in_file] + ([_("Currency")] if self._has_money else [])

    def lines(self, request: Any, query: ListQuery) -> Iterator[list[Cell]]:
        """Yield the rows of a file, read in batches by key."""
        after = query.after("")
        while True:
            page = self.source(request, query, after, BATCH)
            if page.cut_at:
                raise Refused(
                    "export.cut",
                    _("The search finds too many rows for a file. Enter more of the text and export again."),
                )
            yield from self._lines_of(request, page.rows)
            after = page.next_key
            if not after:
                return
            del page
            free_cycles()

    def _lines_of(self, request: Any, models: list[M]) -> Iterator[list[Cell]]:
        """Yield the rows of a batch. A separate function, so that the last row does not keep its batch in memory."""
        columns = self._in_file
        for row in self._rows_of(request, models):
            yield _line([column.value(row) for column in columns], with_currency=self._has_money)

    @property
    def _in_file(self) -> list[Column[R]]:
        return [column for column in self.columns if column.in_file]

    @property
    def _has_money(self) -> bool:
        return any(column.is_money for column in self._in_file)


def _line(values: Sequence[Any], *, with_currency: bool) -> list[Cell]:
    amounts = [value for value in values if isinstance(value, Money)]
    cells: list[Cell] = [value.major if isinstance(value, Money) else value for value in values]
    if with_currency:
        cells.append(amounts[0].currency if amounts else "")
    return cells
