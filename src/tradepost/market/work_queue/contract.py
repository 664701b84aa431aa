"""What a source of the work queue provides. A module under ``sources/`` with ``SOURCES`` has some; adding one edits no other file.

A source is a query over facts of its context: an entry is there if and only if its fact stands, so it leaves when it is
resolved and in no other way. Nothing of it is copied; what is stored is only what people add (``models.Handling``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.db.models import Model, QuerySet
from msgspec import Struct

from tradepost.market.base.working_days import due

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from tradepost.market.base.config import Config
    from tradepost.market.base.money import Money

type Words = str | Promise
type Value = Words | datetime | Money
"""What a fact may say; a page shows a moment in the market's zone, and money with its currency."""


class Severity(StrEnum):
    HIGH = "high"
    """Somebody waits for money, or for what was paid for."""
    NORMAL = "normal"
    LOW = "low"
    """Nobody waits yet."""


class Clock(Struct, frozen=True, kw_only=True):
    """The market's time of a look at the queue, and the settings that promise when something is done."""

    now: datetime
    settings: Config
    zone: tzinfo

    def due(self, since: datetime, working_days: int | None = None) -> datetime:
        """The end of so many working days after ``since``; ``queue_working_days`` for what no rule promises."""
        days = self.settings.queue_working_days if working_days is None else working_days
        return due(since, days, zone=self.zone, closes=self.settings.review_day_ends).at


class Entry(Struct, frozen=True, kw_only=True):
    """Something that an operator decides or does, as its context tells it."""

    key: str
    """``<source>:<pk of its row>``; the same for as long as the fact stands."""
    title: Words
    """What is to be decided."""
    about: Words
    """Who or what it is about."""
    url: str
    """The page on which it is decided."""
    since: datetime
    due_at: datetime | None
    """None for what has no clock."""
    severity: Severity = Severity.NORMAL
    facts: Sequence[tuple[Words, Value]] = ()
    """For the side peek: label and value, few enough to decide whether to open it. Never a secret."""

    @property
    def source(self) -> str:
        return self.key.partition(":")[0]

    @property
    def pk(self) -> int:
        return int(self.key.partition(":")[2])


class Source[M: Model](Protocol):
    """One kind of entries."""

    name: str
    """A slug: the first part of every key, and of a filter's address."""
    title: Words
    """In the plural: "Stopped operations"."""

    def list_url(self) -> str:
        """The context's own list of them."""

    def rows(self) -> QuerySet[M]:
        """The rows whose fact stands, the most urgent first, with what ``entries`` reads of others (``select_related``).

        An index serves condition and order, however large the table: a page reads a few of them at each look, and the
        navigation counts them up to a limit. Integer primary keys.
        """

    def entries(self, rows: Sequence[M], clock: Clock) -> Sequence[Entry]:
        """One for each row, in their order; at most one query more for all of them."""


def key_of(source: str, pk: int) -> str:
    return f"{source}:{pk}"
