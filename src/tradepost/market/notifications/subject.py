"""What a subject of notices declares: how its rows are loaded, their facts, and who reads about them on which page.

A subject and its notices are data. ``notify.py`` makes a reaction of each notice, ``wiring/`` connects it to its event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, override

from django.db import models
from django.urls import reverse
from msgspec import Struct

from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.identity.models import Seller, User

from .facts import Json
from .telling import AddressedNotice

type Facts = Mapping[str, Json | str | int]


class People(Protocol):
    """The people whom a batch of notices may concern, looked up once for the batch."""

    def of(self, seller: Seller) -> Sequence[tuple[User, str]]:
        """Return the active members of a seller, the first with its contact address unless a member reads that anyway."""

    def operators(self, kind: str) -> Sequence[User]:
        """Return the operators whose role includes the action that this kind of notice asks for."""


class Draft[T](Struct, frozen=True, kw_only=True):
    """A notice without its recipients. ``once`` names the occasion."""

    row: T
    kind: str
    facts: Facts
    once: str


class Reader[T](Protocol):
    """A party that reads notices about a subject."""

    def notices(self, draft: Draft[T], people: People) -> Iterable[AddressedNotice]: ...

    def company(self, row: T) -> Seller | None:
        """Return the seller whose people read them, if any."""


def _pk(row: Any) -> object:
    return row.pk


def _no_facts(row: object) -> Facts:  # noqa: ARG001  # of no row
    return {}


def _nobody(row: object) -> None:  # noqa: ARG001  # of no row
    return None


class _Page[T](Struct, frozen=True, kw_only=True):
    """``page``: name of the URL that a notice links to, with ``argument`` of the row or None."""

    page: str
    argument: Callable[[T], object] | None = _pk

    def link(self, row: T) -> str:
        return reverse(self.page, args=[self.argument(row)] if self.argument is not None else None)

    def company(self, row: T) -> Seller | None:  # noqa: ARG002  # of a seller's people alone
        return None


class Buyer[T](_Page[T], frozen=True, kw_only=True):
    """One person, by default the row's ``buyer``. ``facts``: more facts for them."""

    user: Callable[[T], User] = lambda row: row.buyer  # type: ignore[attr-defined]
    facts: Callable[[T], Facts] = _no_facts

    def notices(self, draft: Draft[T], people: People) -> Iterable[AddressedNotice]:  # noqa: ARG002  # Reader's signature
        facts = {**draft.facts, **self.facts(draft.row)}
        yield AddressedNotice(
            user=self.user(draft.row), kind=draft.kind, facts=facts, once=draft.once, link=self.link(draft.row)
        )


class SellersPeople[T](_Page[T], frozen=True, kw_only=True):
    """All people who act for a seller, by default the row's ``seller``, and its contact address.

    ``facts``: more facts for them. ``mail``: whether a notice also leaves the site, also to the contact address.
    """

    seller: Callable[[T], Seller] = lambda row: row.seller  # type: ignore[attr-defined]
    facts: Callable[[T], Facts] = _no_facts
    mail: bool = True

    @override
    def company(self, row: T) -> Seller | None:
        return self.seller(row)

    def notices(self, draft: Draft[T], people: People) -> Iterable[AddressedNotice]:
        seller, facts = self.seller(draft.row), {**draft.facts, **self.facts(draft.row)}
        for user, contact in people.of(seller):
            yield AddressedNotice(
                user=user, kind=draft.kind, facts=facts, once=draft.once, link=self.link(draft.row), mail=self.mail,
                contact=contact if self.mail else "", seller=seller.pk,
            )  # fmt: skip


class Operators[T](_Page[T], frozen=True, kw_only=True):
    """All operators whose role includes the action that the kind of notice asks for.

    ``facts``: more facts for them. ``mail``: whether a notice also leaves the site. ``without``: key of a user who knows already.
    """

    facts: Callable[[T], Facts] = _no_facts
    mail: bool = True
    without: Callable[[T], int | None] = _nobody

    def notices(self, draft: Draft[T], people: People) -> Iterable[AddressedNotice]:
        facts, link = {**draft.facts, **self.facts(draft.row)}, self.link(draft.row)
        without = self.without(draft.row)
        for user in people.operators(draft.kind):
            if user.pk != without:
                yield AddressedNotice(
                    user=user, kind=draft.kind, facts=facts, once=draft.once, link=link, mail=self.mail
                )


class Notice[T, E](Struct, frozen=True, kw_only=True):
    """The notices that follow an event: for each reader a kind, or a function that returns it; an empty one sends none.

    ``key``: the event's field with the row's key. ``once``: the occasion of the row's notices, by default the row itself.
    ``when``: whether they are sent; the row may have changed since the event.
    """

    subject: Subject[T]
    event: type[E]
    key: str
    kinds: Mapping[str, str | Callable[[T, E], str]]
    facts: Callable[[T, E], Facts] | None = None
    once: Callable[[T, E], str] | None = None
    when: Callable[[T, E], bool] | None = None

    @property
    def reaction(self) -> str:
        """Name of the reaction, as stored with a failed event, such as ``on_invoice_issued``."""
        return "on" + re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", self.event.__name__)

    def drafts(self, row: T, event: E) -> Iterable[tuple[Reader[T], Draft[T]]]:
        """Return a draft for each reader who is notified of this event."""
        if self.when is not None and not self.when(row, event):
            return
        kinds = {name: kind if isinstance(kind, str) else kind(row, event) for name, kind in self.kinds.items()}
        if not any(kinds.values()):
            return
        facts = {**self.subject.facts(row), **(self.facts(row, event) if self.facts else {})}
        once = self.once(row, event) if self.once else f"{_pk(row)}"
        for name, kind in kinds.items():
            if kind:
                yield self.subject.readers[name], Draft(row=row, kind=kind, facts=facts, once=once)


class Subject[T]:
    """``module``: where it is declared. ``key``: the field of its events with the key of the row."""

    def __init__(
        self, module: str, rows: models.QuerySet[Any], *, key: str, facts: Callable[[T], Facts], **readers: Reader[T]
    ) -> None:
        self.module, self.key, self.facts, self.readers = module, key, facts, readers
        self._rows = PreparedObjects((Keys(),), lambda keys: rows.filter(Among("pk", keys)))

    def load(self, keys: Collection[int]) -> Mapping[int, T]:
        """Return these rows by key, in one statement."""
        return {row.pk: row for row in self._rows(keys)}

    def draft(
        self, reader: str, row: T, kind: str, facts: Facts | None = None, *, once: str = ""
    ) -> tuple[Reader[T], Draft[T]]:
        """Return a notice for one reader, with the facts that all notices of the subject have. ``notify.send`` stores it."""
        shared = {**self.facts(row), **(facts or {})}
        return self.readers[reader], Draft(row=row, kind=kind, facts=shared, once=once or f"{_pk(row)}")

    def notice[E](
        self,
        event: type[E],
        *,
        key: str = "",
        facts: Callable[[T, E], Facts] | None = None,
        once: Callable[[T, E], str] | None = None,
        when: Callable[[T, E], bool] | None = None,
        **kinds: str | Callable[[T, E], str],
    ) -> Notice[T, E]:
        """Declare which kind of notice each reader gets after an event. Raises ``LookupError`` for an unknown reader."""
        if unknown := kinds.keys() - self.readers.keys():
            raise LookupError(f"{self.module} declares no reader {', '.join(sorted(unknown))}")
        return Notice(
            subject=self, event=event, key=key or self.key, kinds=kinds, facts=facts, once=once, when=when
        )  # fmt: skip
