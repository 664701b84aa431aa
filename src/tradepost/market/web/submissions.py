"""A submission's document in sections, for seller and operator alike; beside each value what stands, where it is another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tradepost.market.review.contract import AnyKind, Change, Fact, Words


class ShownFact(Struct, frozen=True):
    """``before``: what stands, when that is different; ``changed`` also says so of what stood nowhere."""

    fact: Fact
    changed: bool
    before: Fact | None

    @property
    def look(self) -> str:
        return str(self.fact.look)


class ShownSection(Struct, frozen=True):
    code: str
    title: Words
    facts: Sequence[ShownFact]

    @property
    def changes(self) -> int:
        return sum(fact.changed for fact in self.facts)


def sections_of(kind: AnyKind, document: Any, *, against: Any = None) -> list[ShownSection]:
    """``against``: the document that stands; None where there is none, and then nothing counts as changed."""
    changes: dict[tuple[str, str], Change] = {}
    if against is not None:
        changes = {(each.section, str(each.label)): each for each in kind.diff(document, against)}
    facts = kind.facts(document)
    shown = []
    for section in kind.sections:
        own = []
        for fact in facts:
            if fact.section == section.code:
                change = changes.get((fact.section, str(fact.label)))
                before = None if change is None else change.before
                own.append(ShownFact(fact, change is not None, before))
        if own:
            shown.append(ShownSection(section.code, section.title, own))
    return shown


def removed(kind: AnyKind, document: Any, against: Any) -> list[Change]:
    """What stands and would be gone."""
    return [change for change in kind.diff(document, against) if change.after is None] if against is not None else []
