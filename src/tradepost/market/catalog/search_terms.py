"""Words as searches compare them: Chinese by pairs of characters, others by word, beginning and three letters in a row. Pure.

Both databases look for whole terms only, so they give the same answers in the same order; what is alike (a beginning, a
typing error, a word in the middle of a name) is made of terms here. A term says what it is by its shape: ``在线`` is a pair,
``在`` a single character, ``crm`` a word, ``cr*`` how words begin, ``~crm`` three letters of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

LONGEST_QUERY = 100
"""Characters of a query that are read."""
MOST_WORDS = 6
MOST_PAIRS = 12
"""Pairs of one Chinese word of a query; a whole sentence is cut here."""
LONGEST_WORD = 32
LONGEST_BEGINNING = 8
"""Letters of a word that a search by its beginning looks at."""
SHORTEST_ALIKE = 4
"""Letters of a word from which on a typing error in it can be told from another word."""
ALIKE = 50
"""Percent of a query's word that must be there: of its letters by three …"""
ALIKE_CHINESE = 40
"""… or of its pairs (which count twice) and characters."""
_CJK = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_FIRST_CJK = re.compile(rf"[{_CJK}]")


def runs(text: str) -> Iterator[str]:
    """Words and runs of Chinese characters, in one width and without capitals."""
    for found in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield found[0]


def is_chinese(run: str) -> bool:
    return _FIRST_CJK.match(run) is not None


def terms(text: str) -> list[str]:
    """Pairs and words: 在线客服CRM → 在线 线客 客服 crm. A character that stands alone is itself."""
    return [term for run in runs(text) for term in (_pairs(run) if is_chinese(run) else [run[:LONGEST_WORD]])]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def near_terms(text: str, *, characters: bool = True) -> Iterator[str]:
    """What else a name is found by: single ``characters``, how its words begin, and three letters in a row."""
    for run in runs(text):
        if is_chinese(run):
            yield from run if characters else ()
            continue
        word = run[:LONGEST_WORD]
        for length in range(1, min(len(word), LONGEST_BEGINNING) + 1):
            yield f"{word[:length]}*"
        if len(word) >= SHORTEST_ALIKE:
            yield from _threes(word)


def _threes(word: str) -> list[str]:
    padded = f"  {word} "
    return [f"~{padded[i : i + 3]}" for i in range(len(padded) - 2)]


class Word(Struct, frozen=True):
    """One word of a query: what each term of it counts, and how much must be there for the word to be found."""

    points: Mapping[str, int]
    least: int


@lru_cache(maxsize=256)
def query_words(text: str) -> tuple[Word, ...]:
    """The words of a query, bounded in length and number; empty for a query without any."""
    found: dict[str, None] = {}
    for run in runs(text[:LONGEST_QUERY]):
        found.setdefault(run)
    return tuple(_chinese(run) if is_chinese(run) else _latin(run) for run in list(found)[:MOST_WORDS])


def _chinese(run: str) -> Word:
    """A pair counts twice as much as a character, so 账务 is found in 账房云财务, after what has the pair."""
    run = run[: MOST_PAIRS + 1]
    points: dict[str, int] = dict.fromkeys(run, 1)
    if len(run) > 1:
        points |= dict.fromkeys(_pairs(run), 2)
    return Word(points, _part(ALIKE_CHINESE, sum(points.values())))


def _latin(run: str) -> Word:
    word = run[:LONGEST_WORD]
    threes = _threes(word) if len(word) >= SHORTEST_ALIKE else []
    points = dict.fromkeys(threes, 1)
    least = _part(ALIKE, len(points)) if points else 2
    # Whoever types the beginning has typed no error: it counts as much as enough of the letters, the whole word twice.
    points |= {f"{word[:LONGEST_BEGINNING]}*": least, word: 2 * least}
    return Word(points, least)


def _part(percent: int, whole: int) -> int:
    """The least whole number that is at least so much of it."""
    return -(-percent * whole // 100)


class Field(Struct, frozen=True):
    """A text that is looked in: what its terms weigh, whole and nearly (zero: found by whole terms alone). ``characters``:
    whether single Chinese characters count; those of 软件, say, stand in the name of every second seller."""

    text: str
    weight: int
    near: int = 0
    characters: bool = True


def weighed(fields: Iterable[Field]) -> dict[str, int]:
    """Term → what it weighs; where it occurs in several fields the heaviest counts."""
    found: dict[str, int] = {}
    for one in fields:
        for term in terms(one.text):
            found[term] = max(found.get(term, 0), one.weight)
        for term in near_terms(one.text, characters=one.characters) if one.near else ():
            found[term] = max(found.get(term, 0), one.near)
    return found
