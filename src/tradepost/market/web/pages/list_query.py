"""The filter values of a list, parsed from the query string."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from msgspec import Struct, field

from tradepost.market.base import pk_times
from tradepost.market.base.paging import OLDEST


class ListQuery(Struct, frozen=True, kw_only=True):
    """Filter values. ``query["q"]`` is the value of a filter, or "" if it is not set."""

    values: Mapping[str, str] = field(default_factory=dict)
    initial: Mapping[str, str] = field(default_factory=dict)
    """Values of the unfiltered list."""
    since: datetime | None = None
    until: datetime | None = None
    """Time range; ``until`` is exclusive."""
    oldest: bool = False
    """Whether the oldest rows come first."""
    problems: Mapping[str, str | Promise] = field(default_factory=dict)
    """Errors by field name. A list with errors shows no rows."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def narrowed(self) -> bool:
        """Return whether the reader changed any filter."""
        changed = any(value and value != self.initial.get(name, "") for name, value in self.values.items())
        return changed or self.since is not None or self.until is not None

    @property
    def status(self) -> HTTPStatus:
        """Return the status of the page: 422 for an invalid value."""
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.problems else HTTPStatus.OK

    def after(self, key: str) -> str:
        """Return the key after which the page begins: ``key`` from the address, or the start of the list in the chosen
        order."""
        return key or (OLDEST if self.oldest else "")

    def within[M: Model](self, rows: QuerySet[M], when: str) -> QuerySet[M]:
        """Return the rows of the time range. ``when``: a column that grows with the primary key."""
        return pk_times.between(rows, when, self.since, self.until)
