"""A submission's document in sections for seller and operator, and its differences from an earlier document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.catalog.document import Document
from tradepost.market.review.contract import AnyKind, Change, Fact, InputKind, TranslatedText

from .price_table import PriceTable, price_table

PRICING = "pricing"
"""The section of a product's document that is shown as a table."""


class FactView(Struct, frozen=True):
    """A fact. ``before``: its previous value, if different; ``changed``: also true for a value that is new."""

    fact: Fact
    changed: bool
    before: Fact | None

    @property
    def look(self) -> str:
        return str(self.fact.look)


class SectionView(Struct, frozen=True):
    code: str
    title: TranslatedText
    facts: Sequence[FactView]
    prices: PriceTable | None = None

    @property
    def changes(self) -> int:
        return sum(fact.changed for fact in self.facts)


class TextPart(Struct, frozen=True):
    """Lines of an edited long text. ``op``: same, out or new."""

    op: str
    text: str


class ChangeView(Struct, frozen=True):
    """A value that differs. ``parts``: the edited lines of a long text that has a value before and after."""

    section: TranslatedText
    label: TranslatedText
    before: Fact | None
    after: Fact | None
    parts: Sequence[TextPart] = ()


class Comparison(Struct, frozen=True):
    """Differences from an earlier document. ``since``: when that document was rejected; None if it is in force."""

    changes: Sequence[ChangeView]
    since: datetime | None = None
    submission: int | None = None


def sections_of(kind: AnyKind, document: Any, *, against: Any = None) -> list[SectionView]:
    """Return the sections of a document. ``against``: the document in force; None marks no value as changed."""
    changes: dict[tuple[str, str], Change] = {}
    if against is not None:
        changes = {
            (difference.section, str(difference.label)): difference for difference in kind.diff(document, against)
        }
    facts = kind.facts(document)
    prices = price_table(document, currency=config().currency) if _has_prices(document) and against is None else None
    sections = []
    for section in kind.sections:
        section_facts = []
        for fact in facts:
            if fact.section == section.code:
                change = changes.get((fact.section, str(fact.label)))
                before = None if change is None else change.before
                section_facts.append(FactView(fact, change is not None, before))
        if section_facts:
            sections.append(
                SectionView(section.code, section.title, section_facts, prices if section.code == PRICING else None)
            )
    return sections


def _has_prices(document: object) -> bool:
    return isinstance(document, Document) and any(True for _price in document.prices())


def compare(
    kind: AnyKind, document: Any, against: Any, *, since: datetime | None = None, submission: int | None = None
) -> Comparison:
    """Return the values that differ, in the order of the document."""
    titles = {section.code: section.title for section in kind.sections}
    return Comparison(
        [
            ChangeView(
                titles.get(change.section, ""), change.label, change.before, change.after, list(_text_parts(change))
            )
            for change in kind.diff(document, against)
        ],
        since, submission,
    )  # fmt: skip


def _text_parts(change: Change) -> Iterator[TextPart]:
    """Yield the edited lines of a long text. A run of equal lines is one part without text. Other values yield nothing."""
    before, after = change.before, change.after
    if before is None or after is None or after.look is not InputKind.LONG:
        return
    old, new = str(before.value).splitlines(), str(after.value).splitlines()
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield TextPart("same", "")
            continue
        if old_start < old_end:
            yield TextPart("out", "\n".join(old[old_start:old_end]))
        if new_start < new_end:
            yield TextPart("new", "\n".join(new[new_start:new_end]))
