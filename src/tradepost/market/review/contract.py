"""What a kind of submission provides. A package under ``kinds/`` with a ``KIND`` is one; adding one edits no other file.

A kind declares its questions once: the seller's form, the operator's page and the comparison with what stands are made of
them. Its ``self_check`` decides nothing that a person must decide, and each of its refusals names the rule.
"""

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

type Words = str | Promise


class Look(StrEnum):
    """How a value is asked for, and shown."""

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
    """The SHA-256 of a picture, handed in apart from the other fields."""
    PROOF = "proof"
    """The SHA-256 of a document, for the seller and operators."""
    SECRET = "secret"  # noqa: S105  # a kind of field
    """Sealed when it is typed; shown by its hint, and whole to an operator who asks."""

    @property
    def is_file(self) -> bool:
        """Handed in apart from the other fields, and kept by its hash."""
        return self in {Look.PICTURE, Look.PROOF}


class Section(Struct, frozen=True, kw_only=True):
    code: str
    title: Words


class Question(Struct, frozen=True, kw_only=True):
    """One field of the kind's document. ``hint``: the field that says what a secret looks like."""

    field: str
    section: str
    label: Words
    help: Words = ""
    look: Look = Look.TEXT
    longest: int = 200
    choices: tuple[tuple[str, Words], ...] = ()
    required: bool = True
    hint: str = ""


class Item(Struct, frozen=True, kw_only=True):
    """Something that an operator looks at before approving."""

    code: str
    words: Words
    rule: str


class Fact(Struct, frozen=True, kw_only=True):
    """A value of a document, as a page shows it."""

    section: str
    field: str
    label: Words
    value: Words
    look: Look = Look.TEXT


class Change(Struct, frozen=True, kw_only=True):
    """What an approval would change: a fact before and after; None where there is none."""

    section: str
    label: Words
    before: Fact | None
    after: Fact | None


class Case[D](Struct, frozen=True, kw_only=True):
    """A submission as its kind sees it. ``submission`` is None while nothing is stored yet."""

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
    """What was handed in lacks something: each finding with its field and rule. Nothing was sent."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        said = _("Something is missing or wrong: it stands beside its field.")
        first = self.findings[0].field if self.findings else ""
        super().__init__("submission.incomplete", said, HTTPStatus.UNPROCESSABLE_ENTITY, field=first)


class ReviewKind[D](Protocol):
    """``agreements``: kinds of agreements whose version in force must be accepted to send it. ``busy``: whether it counts
    among those of which many a day take longer (business-rules §2.4). ``explained``: the section beside which an operator says
    why it is approved; empty where an approval needs no words."""

    name: str
    title: Words
    document: type[D]
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    agreements: tuple[str, ...]
    busy: bool
    explained: str

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        """Raises ``Refused`` when this seller may not draft, or send, one now."""

    def blank(self, seller: Seller, *, product: Product | None) -> D:
        """What a new draft begins with."""

    def standing(self, seller: Seller, *, product: Product | None) -> D | None:
        """What holds until it is approved, to be compared with; None for nothing."""

    def self_check(self, case: Case[D]) -> Sequence[Finding]:
        """What is missing or wrong. Changes nothing and asks nobody but the database."""

    def begin_checking(self, case: Case[D]) -> bool:
        """Start what takes longer, in the transaction that sends it: whether ``submit.passed`` or ``submit.failed`` will be
        called later. False: there is nothing to wait for."""

    def replayed(self, case: Case[D]) -> Document | None:
        """The document of a product whose required cases must have been made again before it is approved; None for none."""

    def checklist(self, case: Case[D]) -> Sequence[Item]:
        """What an operator must have looked at."""

    def approve(self, case: Case[D], *, by: str) -> None:
        """Do what it asks for, in the transaction that approves it. Raises ``Refused`` when that is not possible any more."""

    def ended(self, case: Case[D]) -> None:
        """It failed, was rejected or withdrawn; its status says which. In the same transaction."""

    def facts(self, document: D) -> Sequence[Fact]:
        """The document for a reader."""

    def diff(self, document: D, against: D) -> Sequence[Change]:
        """What is different from what stands."""

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        """What is stored of typed values."""


class Defaults[D]:
    """What most kinds do."""

    sections: tuple[Section, ...] = ()
    questions: tuple[Question, ...] = ()
    agreements: tuple[str, ...] = ()
    busy: bool = False
    explained: str = ""
    items: ClassVar[tuple[Item, ...]] = ()

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        """Nothing is in the way."""

    def standing(self, seller: Seller, *, product: Product | None) -> D | None:
        return None

    def begin_checking(self, case: Case[D]) -> bool:
        return False

    def replayed(self, case: Case[D]) -> Document | None:
        return None

    def checklist(self, case: Case[D]) -> Sequence[Item]:
        return self.items

    def ended(self, case: Case[D]) -> None:
        """Nothing is to be taken back."""

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        return typed

    def facts(self, document: D) -> Sequence[Fact]:
        return [_fact(question, document) for question in self.questions]

    def diff(self, document: D, against: D) -> Sequence[Change]:
        return list(differences(self.facts(document), self.facts(against)))


def _fact(question: Question, document: Any) -> Fact:
    value: Words = getattr(document, question.hint or question.field)
    if question.look is Look.NUMBER and (number := whole_number(str(value))) is not None:
        value = f"{number:,}"
    return Fact(
        section=question.section,
        field=question.field,
        label=question.label,
        value=dict(question.choices).get(str(value), value),
        look=question.look,
    )


def differences(after: Iterable[Fact], before: Iterable[Fact]) -> Iterator[Change]:
    """Facts that one has and the other has not, or has otherwise; in the order of the new ones, then what went."""
    stood, comes = {fact.field: fact for fact in before}, {fact.field: fact for fact in after}
    for name, fact in comes.items():
        was = stood.get(name)
        if was is None or str(was.value) != str(fact.value):
            yield Change(section=fact.section, label=fact.label, before=was, after=fact)
    for name, fact in stood.items():
        if name not in comes:
            yield Change(section=fact.section, label=fact.label, before=fact, after=None)


type AnyKind = ReviewKind[Any]
