"""An input of the editor as templates render it: name, label, value and errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from msgspec import Struct

type Words = str | Promise


class Look(StrEnum):
    LINE = "line"
    LINES = "lines"
    HTML = "html"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    TICK = "tick"


class InputView(Struct, frozen=True, kw_only=True):
    """An input. ``language``: of one of two language inputs; ``errors``: (message, rule)."""

    name: str
    label: Words = ""
    value: str = ""
    help: Words = ""
    look: Look = Look.LINE
    longest: int = 200
    language: str = ""
    choices: Sequence[tuple[str, Words]] = ()
    required: bool = False
    errors: Sequence[tuple[str, str]] = ()

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    @property
    def described_by(self) -> str:
        hint = f"{self.id}-hint " if self.help else ""
        return f"{hint}{self.id}-error"


@dataclass(slots=True)
class InputErrors:
    """Errors by input."""

    by_name: defaultdict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def put(self, name: str, words: str, rule: str = "") -> None:
        if (words, rule) not in self.by_name[name]:
            self.by_name[name].append((words, rule))

    def at(self, name: str) -> Sequence[tuple[str, str]]:
        return self.by_name.get(name, ())

    def __bool__(self) -> bool:
        return any(self.by_name.values())

    def __iter__(self) -> Iterator[str]:
        """Iterate over all messages, for ``web.refusals``."""
        return (words for errors in self.by_name.values() for words, _rule in errors)
