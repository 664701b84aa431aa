"""Forbidden claims, and invitations to trade outside the market, in texts; read from ``text_rules.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from msgspec import Struct

WINDOW = 40
"""Characters before a match that are checked for exceptions."""


class Claim(Struct, frozen=True):
    """A rule of the file. ``section``: of business-rules.md. Examples are for the test."""

    code: str
    section: str
    where: frozenset[str]
    pattern: re.Pattern[str]
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    wrong: tuple[str, ...]
    right: tuple[str, ...]

    def found(self, text: str) -> Iterator[str]:
        """Yield the matches in a ``plain`` text."""
        for match in self.pattern.finditer(text):
            before = text[max(0, match.start() - WINDOW) : match.start()]
            if self.before and self.before.search(before):
                continue
            if self.after and self.after.match(text, match.end()):
                continue
            yield match.group().strip()


@cache
def claims() -> tuple[Claim, ...]:
    content = tomllib.loads(files(__package__).joinpath("text_rules.toml").read_text(encoding="utf-8"))
    return tuple(_claim(rule, content["lists"]) for rule in content["rule"])


def _claim(rule: dict[str, object], lists: dict[str, str]) -> Claim:
    def compiled(name: str, form: str) -> re.Pattern[str] | None:
        pattern_text = str(rule.get(name, ""))
        for key, value in lists.items():
            pattern_text = pattern_text.replace(f"{{{key}}}", value)
        return re.compile(form.format(pattern_text), re.MULTILINE) if pattern_text else None

    pattern = compiled("pattern", "{}")
    if pattern is None:
        raise ValueError(f"a rule without a pattern: {rule}")
    return Claim(
        code=str(rule["code"]), section=str(rule["section"]), where=frozenset(_texts(rule["in"])), pattern=pattern,
        before=compiled("before", "(?:{})$"), after=compiled("after", "(?:{})"), wrong=_texts(rule["wrong"]),
        right=_texts(rule["right"]),
    )  # fmt: skip


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list of texts: {value!r}")
    return tuple(map(str, value))
