"""The contract of sources of the work queue. A module in ``sources/`` with ``SOURCES`` registers them without other
edits.

A source is a query over rows of its context. An entry exists exactly as long as its row matches, and disappears when it
is resolved. Nothing is copied; only what operators add is stored (``models.Handling``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.db.models import Model, QuerySet
from msgspec import Struct

from tradepost.market.base.working_days import deadline_of

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from tradepost.market.base.config import Config
    from tradepost.market.base.money import Money

type TranslatedText = str | Promise
type FactValue = TranslatedText | datetime | Money
"""Value of a fact. Pages show a time in the market's zone, and money with its currency."""


class Severity(StrEnum):
    HIGH = "high"
    """Somebody waits for money or for a paid service."""
    NORMAL = "normal"
    LOW = "low"
    """Nobody waits yet."""


class Clock(Struct, frozen=True, kw_only=True):
    """The current market time, and the settings for due times."""

    now: datetime
    settings: Config
    zone: tzinfo

    def due(self, since: datetime, working_days: int | None = None) -> datetime:
        """Return the end of this many working days after ``since``; by default ``queue_working_days``."""
        days = self.settings.work_queue.queue_working_days if working_days is None else working_days
        return deadline_of(since, days, zone=self.zone, closes=self.settings.review_day_ends).at


class Entry(Struct, frozen=True, kw_only=True):
    """A work item as its context describes it."""

    key: str
    """``<source>:<pk of its row>``; constant while the row matches."""
    title: TranslatedText
    """The pending decision or action."""
    about: TranslatedText
    """The person or object concerned."""
    url: str
    """The page on which to decide."""
    since: datetime
    due_at: datetime | None
    """None if there is no deadline."""
    severity: Severity = Severity.NORMAL
    facts: Sequence[tuple[TranslatedText, FactValue]] = ()
    """Labels and values for the preview: enough to decide whether to open the page. Never secrets."""

    @property
    def source(self) -> str:
        return self.key.partition(":")[0]

    @property
    def pk(self) -> int:
        return int(self.key.partition(":")[2])


class Source[M: Model](Protocol):
    """One kind of work items."""

    name: str
    """A slug: the first part of every key, and the value of the filter."""
    title: TranslatedText
    """In the plural, such as "Stopped operations"."""

    def list_url(self) -> str:
        """Return the address of the context's own list."""

    def rows(self) -> QuerySet[M]:
        """Return the matching rows, the most urgent first, with related rows that ``entries`` reads
        (``select_related``).

        An index must serve condition and order, since pages read a few rows each time and the navigation counts rows up
        to a limit. Primary keys are integers.
        """

    def entries(self, rows: Sequence[M], clock: Clock) -> Sequence[Entry]:
        """Return an entry for each row, in order. At most one additional query for all."""


def key_of(source: str, pk: int) -> str:
    return f"{source}:{pk}"
