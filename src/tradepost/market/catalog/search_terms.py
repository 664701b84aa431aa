"""Terms by which the index of the store knows a text. Pure.

Both databases compare whole terms only, so they give the same answers in the same order. Everything that is merely similar
(the beginning of a word, a typing error, the same sound) is a term as well, and its shape says which:

=========== =========================================================================
``在线``      two neighbouring characters; ``在`` a single one
``crm``      a word of other scripts, in the singular
``cr*``      the beginning of a word
``~cr``      a word, or a word without one letter: two words that differ in one letter share one
``@hui'yi``  the syllables of two neighbouring characters
``@huiy``    the beginning of what one types for some characters in pinyin
``^hy``      their initials
``=crm``     a whole text without its spaces: a name, a productId
=========== =========================================================================
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from msgspec import Struct

from .chinese import readings, simplified

MAX_TERM_LENGTH = 40
MAX_WORD_LENGTH = 32
MAX_PREFIX_LENGTH = 20
"""Maximum letters of a prefix by which a word is found."""
MIN_TYPO_LENGTH = 4
"""Minimum letters of a word for tolerance of typing errors; shorter words would match others."""
MIN_SOUND_LENGTH = 2
MAX_SOUND_LENGTH = 12
MAX_INITIALS = 6
MAX_VARIANTS = 4
"""Maximum readings of the same characters that are indexed."""
_CJK = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_FIRST_CJK = re.compile(rf"[{_CJK}]")
JOINS = re.compile(r"[与和及、/&,，]|\band\b")
"""Separators of the subjects in a category's name: 财税与人事, Office & collaboration."""
_LETTERS = re.compile(r"[a-z]+")
_NASAL = re.compile(r"(?<=[ie])ng$")


def runs(text: str) -> Iterator[str]:
    """Yield words and runs of Chinese characters: simplified, normalised in width and lower case."""
    for match in _RUNS.finditer(simplified(unicodedata.normalize("NFKC", text).casefold())):
        yield match[0]


def is_chinese(run: str) -> bool:
    return _FIRST_CJK.match(run) is not None


def terms(text: str) -> list[str]:
    """Return pairs and words: 在线客服CRM → 在线 线客 客服 crm. A single character is its own term."""
    return [term for run in runs(text) for term in (pairs(run) if is_chinese(run) else [word(run)])]


def pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def word(run: str) -> str:
    """Return the word in the singular, so that meeting and meetings match each other."""
    if len(run) > MIN_TYPO_LENGTH and run.endswith("ies"):
        run = f"{run[:-3]}y"
    elif len(run) >= MIN_TYPO_LENGTH and run.endswith("s") and not run.endswith(("ss", "us", "is")):
        run = run[:-2] if run.endswith(("sses", "shes", "ches", "xes", "zes")) else run[:-1]
    return run[:MAX_WORD_LENGTH]


def phrase(text: str) -> str:
    """Return the whole text as one term; empty for a text without words."""
    joined_text = "".join(runs(text))
    return f"={joined_text}"[:MAX_TERM_LENGTH] if joined_text else ""


def near_terms(text: str, *, characters: bool = True) -> Iterator[str]:
    """Yield single ``characters``, and prefixes of words."""
    for run in runs(text):
        if is_chinese(run):
            yield from run if characters else ()
        else:
            yield from (f"{run[:length]}*" for length in range(1, min(len(run), MAX_PREFIX_LENGTH) + 1))


def similar_terms(text: str) -> Iterator[str]:
    """Yield variants of words with a typing error, and sounds of Chinese characters."""
    for run in runs(text):
        if is_chinese(run):
            for pair in pairs(run):
                yield from sounds(pair)
        else:
            yield from typos(word(run))


def pinyin_terms(text: str) -> Iterator[str]:
    """Yield what users type in pinyin for Chinese characters: hui, huiy and huiyi for 会议; hy by initials."""
    for run in runs(text):
        for start in range(len(run) if is_chinese(run) else 0):
            yield from _typed(run[start:])


def typos(singular: str) -> list[str]:
    """Return the terms that a word shares with those that differ in one letter, or in the order of two; none for
    short words.

    The first letter must match: neither Heting nor eting matches meeting."""
    if len(singular) < MIN_TYPO_LENGTH or not _LETTERS.fullmatch(singular):
        return []
    shorter = (singular[:i] + singular[i + 1 :] for i in range(1, len(singular)))
    return [f"~{variant}" for variant in dict.fromkeys((singular, *shorter))]


def sounds(pair: str) -> list[str]:
    """Return the syllables of two characters, in each reading; none for other characters and single ones. Endings
    that many people do not distinguish are equal: pin and ping."""
    if len(pair) < 2:  # a pair
        return []
    syllables = ([_NASAL.sub("n", syllable) for syllable in readings(character)] for character in pair)
    return list(dict.fromkeys("@" + "'".join(combination) for combination in product(*syllables)))


def _typed(run: str) -> Iterator[str]:
    for syllables in _readings(run[:MAX_SOUND_LENGTH]):
        letters = "".join(syllables)[:MAX_SOUND_LENGTH]
        yield from (f"@{letters[:length]}" for length in range(MIN_SOUND_LENGTH, len(letters) + 1))
        initials = "".join(syllable[0] for syllable in syllables[:MAX_INITIALS])
        yield from (f"^{initials[:length]}" for length in range(MIN_SOUND_LENGTH, len(initials) + 1))


def _readings(run: str) -> list[list[str]]:
    """Return the readings of the characters up to the first without a syllable: the usual reading, and those that
    differ in one character."""
    by_character: list[tuple[str, ...]] = []
    for character in run:
        if not (syllables := readings(character)):
            break
        by_character.append(syllables)
    usual = [syllables[0] for syllables in by_character]
    alternatives = (
        [*usual[:i], sound, *usual[i + 1 :]] for i, syllables in enumerate(by_character) for sound in syllables[1:]
    )
    return [usual, *islice(alternatives, MAX_VARIANTS - 1)] if by_character else []


class Field(Struct, frozen=True):
    """A searched text, with the weight of its terms.

    ``near``: weight of prefixes and single characters; 0 to match only whole words and pairs. ``sounds``: whether
    typing errors, equal sounds and pinyin match; for names only, because neighbours in a sentence sound like many
    words. ``characters``: whether single Chinese characters match; those of 软件, for example, are in the name of every
    second seller. ``whole``: only the whole text matches."""

    text: str
    weight: int
    near: int = 0
    sounds: bool = False
    characters: bool = True
    whole: bool = False

    def weights(self) -> Iterator[tuple[str, int]]:
        if self.near or self.whole:
            yield phrase(self.text), self.weight
        if self.whole:
            return
        yield from ((term, self.weight) for term in terms(self.text))
        if self.near:
            yield from ((term, self.near) for term in near_terms(self.text, characters=self.characters))
        if self.sounds:
            yield from ((term, self.near) for term in (*similar_terms(self.text), *pinyin_terms(self.text)))


def term_weights(fields: Iterable[Field]) -> dict[str, int]:
    """Return term → weight: the maximum over the fields in which it occurs."""
    weights: dict[str, int] = {}
    for field in fields:
        for term, weight in field.weights():
            if term:
                weights[term] = max(weights.get(term, 0), weight)
    return weights


def sub_ranges[T](items: Sequence[T], longest: int) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of each part of ``items``, the longest at each beginning first."""
    for start in range(len(items)):
        for end in range(min(len(items), start + longest), start, -1):
            yield start, end
