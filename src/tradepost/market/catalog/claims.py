"""Claims and ways around the market that a text may not hold, read from ``text_rules.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from msgspec import Struct

WINDOW = 40
"""Characters before a match that are looked at for what makes it none."""


class Claim(Struct, frozen=True):
    """A rule of the file. ``section`` of business-rules.md; examples are for the test."""

    code: str
    section: str
    where: frozenset[str]
    pattern: re.Pattern[str]
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    wrong: tuple[str, ...]
    right: tuple[str, ...]

    def found(self, text: str) -> Iterator[str]:
        """What it finds in a text that is ``plain``."""
        for match in self.pattern.finditer(text):
            before = text[max(0, match.start() - WINDOW) : match.start()]
            if self.before and self.before.search(before):
                continue
            if self.after and self.after.match(text, match.end()):
                continue
            yield match.group().strip()


@cache
def claims() -> tuple[Claim, ...]:
    read = tomllib.loads(files(__package__).joinpath("text_rules.toml").read_text(encoding="utf-8"))
    return tuple(_claim(one, read["lists"]) for one in read["rule"])


def _claim(one: dict[str, object], lists: dict[str, str]) -> Claim:
    def compiled(name: str, form: str) -> re.Pattern[str] | None:
        written = str(one.get(name, ""))
        for key, value in lists.items():
            written = written.replace(f"{{{key}}}", value)
        return re.compile(form.format(written), re.MULTILINE) if written else None

    pattern = compiled("pattern", "{}")
    if pattern is None:
        raise ValueError(f"a rule without a pattern: {one}")
    return Claim(
        code=str(one["code"]), section=str(one["section"]), where=frozenset(_texts(one["in"])), pattern=pattern,
        before=compiled("before", "(?:{})$"), after=compiled("after", "(?:{})"), wrong=_texts(one["wrong"]),
        right=_texts(one["right"]),
    )  # fmt: skip


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list of texts: {value!r}")
    return tuple(map(str, value))
