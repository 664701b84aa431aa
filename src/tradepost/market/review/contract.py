"""The interface of a kind of submission: a package under ``kinds/`` with a ``KIND``. Adding one edits no other file.

A kind declares its questions once. The seller's form, the operator's page and the comparison with the current data
are built from them. Its ``self_check`` leaves judgement to people, and each of its refusals names the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from tradepost.market.base.config import Config
    from tradepost.market.base.findings import Finding
    from tradepost.market.catalog.document import Document
    from tradepost.market.catalog.models import Product, Version
    from tradepost.market.identity.models import Seller

    from .models import Submission

type TranslatedText = str | Promise


class InputKind(StrEnum):
    """How a value is entered and shown."""

    TEXT = "text"
    LONG = "long"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    CHOICE = "choice"
    PICTURE = "picture"
    """The SHA-256 of a picture, which is uploaded separately."""
    PROOF = "proof"
    """The SHA-256 of a document, for the seller and operators."""
    SECRET = "secret"  # noqa: S105  # a type of field
    """Sealed when it is entered; shown by its hint, and in full to an operator on request."""

    @property
    def is_file(self) -> bool:
        """Whether it is uploaded separately and stored by its hash."""
        return self in {InputKind.PICTURE, InputKind.PROOF}


class Section(Struct, frozen=True, kw_only=True):
    code: str
    title: TranslatedText


class Question(Struct, frozen=True, kw_only=True):
    """A field of the kind's document. ``hint``: the field with the visible part of a secret."""

    field: str
    section: str
    label: TranslatedText
    help: TranslatedText = ""
    look: InputKind = InputKind.TEXT
    longest: int = 200
    choices: tuple[tuple[str, TranslatedText], ...] = ()
    required: bool = True
    hint: str = ""


class Item(Struct, frozen=True, kw_only=True):
    """A point that an operator checks before approving."""

    code: str
    words: TranslatedText
    rule: str


class Fact(Struct, frozen=True, kw_only=True):
    """A value of a document, as a page shows it."""

    section: str
    field: str
    label: TranslatedText
    value: TranslatedText
    look: InputKind = InputKind.TEXT


class Change(Struct, frozen=True, kw_only=True):
    """A change that an approval would make: a fact before and after; None if it does not exist."""

    section: str
    label: TranslatedText
    before: Fact | None
    after: Fact | None


class Case[D](Struct, frozen=True, kw_only=True):
    """A submission for its kind. ``submission`` is None before it is stored."""

    seller: Seller
    document: D
    settings: Config
    now: datetime
    submission: Submission | None = None
    product: Product | None = None
    version: Version | None = None

    @property
    def stored(self) -> Submission:
        if self.submission is None:
            raise LookupError("this case is not stored")
        return self.submission


class Incomplete(Refused):
    """A submission is incomplete: each finding has its field and rule. Nothing was sent."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        message = _("Some fields are missing or invalid. See the messages beside the fields.")
        first_field = self.findings[0].field if self.findings else ""
        super().__init__("submission.incomplete", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=first_field)


class ReviewKind[D](Protocol):
    """``agreements``: kinds of agreements whose version in force must be accepted to send it. ``busy``: whether it
    counts for the longer decision time on busy days (business-rules §2.4).

    ``explained``: the section for the reason of an approval; empty if an approval needs none."""

    name: str
    title: TranslatedText
    document: type[D]
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    agreements: tuple[str, ...]
    busy: bool
    explained: str

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        """Raise ``Refused`` if this seller may not draft, or send, one now."""

    def blank(self, seller: Seller, *, product: Product | None) -> D:
        """Return the document of a new draft."""

    def standing(self, seller: Seller, *, product: Product | None) -> D | None:
        """Return the current data for comparison; None if there is none."""

    def self_check(self, case: Case[D]) -> Sequence[Finding]:
        """Return what is missing or invalid. Changes nothing and queries only the database."""

    def begin_checking(self, case: Case[D]) -> bool:
        """Start longer checks, in the transaction that sends it. Return whether ``submit.record_passed_checks`` or
        ``submit.record_failed_checks`` will be called later; False if there is nothing to wait for."""

    def replayed(self, case: Case[D]) -> Document | None:
        """Return the product document whose required cases must be replayed before approval; None for none."""

    def checklist(self, case: Case[D]) -> Sequence[Item]:
        """Return the points that an operator must check."""

    def approve(self, case: Case[D], *, by: str) -> None:
        """Apply the submission, in the transaction of its approval. Raises ``Refused`` if that is no longer
        possible."""

    def ended(self, case: Case[D]) -> None:
        """Clean up after failure, rejection or withdrawal, according to its status, in the same transaction."""

    def facts(self, document: D) -> Sequence[Fact]:
        """Return the document for a reader."""

    def diff(self, document: D, against: D) -> Sequence[Change]:
        """Return the differences from the current data."""

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        """Return the entered values as stored."""


class Defaults[D]:
    """Default behaviour of most kinds."""

    sections: tuple[Section, ...] = ()
    questions: tuple[Question, ...] = ()
    agreements: tuple[str, ...] = ()
    busy: bool = False
    explained: str = ""
    items: ClassVar[tuple[Item, ...]] = ()

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        """No restrictions."""

    def standing(self, seller: Seller, *, product: Product | None) -> D | None:
        return None

    def begin_checking(self, case: Case[D]) -> bool:
        return False

    def replayed(self, case: Case[D]) -> Document | None:
        return None

    def checklist(self, case: Case[D]) -> Sequence[Item]:
        return self.items

    def ended(self, case: Case[D]) -> None:
        """Nothing to undo."""

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        return typed

    def facts(self, document: D) -> Sequence[Fact]:
        return [_fact(question, document) for question in self.questions]

    def diff(self, document: D, against: D) -> Sequence[Change]:
        return list(differences(self.facts(document), self.facts(against)))


def _fact(question: Question, document: Any) -> Fact:
    value: TranslatedText = getattr(document, question.hint or question.field)
    if question.look is InputKind.NUMBER and (number := whole_number(str(value))) is not None:
        value = f"{number:,}"
    return Fact(
        section=question.section,
        field=question.field,
        label=question.label,
        value=dict(question.choices).get(str(value), value),
        look=question.look,
    )


def differences(after: Iterable[Fact], before: Iterable[Fact]) -> Iterator[Change]:
    """Yield the facts that differ or exist on one side only, in the order of the new ones, then the removed ones."""
    old_facts, new_facts = {fact.field: fact for fact in before}, {fact.field: fact for fact in after}
    for name, fact in new_facts.items():
        old_fact = old_facts.get(name)
        if old_fact is None or str(old_fact.value) != str(fact.value):
            yield Change(section=fact.section, label=fact.label, before=old_fact, after=fact)
    for name, fact in old_facts.items():
        if name not in new_facts:
            yield Change(section=fact.section, label=fact.label, before=fact, after=None)


type AnyKind = ReviewKind[Any]
