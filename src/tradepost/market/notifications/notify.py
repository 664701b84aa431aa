"""Make a reaction of a declared notice: load the rows of a batch of events, find the recipients, store the notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tradepost.market.base.outbox import Batched, batched
from tradepost.market.identity.models import Seller, User

from .people import members_of, operators, with_contact
from .subject import Draft, Notice, Reader
from .tell import send_notices


class _Batch:
    """The people of a batch: members in one statement, operators in one for each kind of notice."""

    def __init__(self, sellers: set[int]) -> None:
        self._members = members_of(sellers)
        self._operators: dict[str, list[User]] = {}

    def of(self, seller: Seller) -> list[tuple[User, str]]:
        return with_contact(seller, self._members[seller.pk])

    def operators(self, kind: str) -> list[User]:
        if kind not in self._operators:
            self._operators[kind] = operators(kind)
        return self._operators[kind]


def notify[T, E](notice: Notice[T, E]) -> Batched[E]:
    """Return the reaction that sends a notice. It has the name ``<module of the subject>.on_<event>``.

    Raises ``LookupError`` for an event about a row that does not exist.
    """

    def react(events: Sequence[E], now: datetime) -> None:
        rows = notice.subject.load({getattr(event, notice.key) for event in events})
        drafts = [addressed for event in events for addressed in notice.drafts(rows[getattr(event, notice.key)], event)]
        send(drafts, now=now)

    react.__module__, react.__name__, react.__qualname__ = notice.subject.module, notice.reaction, notice.reaction
    return batched(react)


def send[T](drafts: Iterable[tuple[Reader[T], Draft[T]]], *, now: datetime) -> None:
    """Store notices for the recipients of these drafts."""
    addressed = list(drafts)
    companies = (reader.company(draft.row) for reader, draft in addressed)
    people = _Batch({company.pk for company in companies if company is not None})
    send_notices([telling for reader, draft in addressed for telling in reader.notices(draft, people)], now=now)
