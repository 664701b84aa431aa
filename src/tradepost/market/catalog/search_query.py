"""Interpret a search query: conditions on the terms of the index (``search_terms``). Pure.

A query is split into words. Each word can match *exactly* (the word, its beginning or a synonym) or *nearly* (same
sound, one wrong letter, swapped characters). Near matches are shown only if no product matches better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from .search_terms import (
    MAX_INITIALS,
    MAX_PREFIX_LENGTH,
    MAX_SOUND_LENGTH,
    MIN_SOUND_LENGTH,
    is_chinese,
    pairs,
    phrase,
    runs,
    sounds,
    sub_ranges,
    typos,
    word,
)

MAX_QUERY_LENGTH = 100
"""Maximum characters of a query that are read."""
MAX_WORDS = 6
MAX_CHARACTERS = 13
"""Maximum characters of one Chinese word; a whole sentence is truncated."""
MAX_KEY_RUNS = 3
"""Words of a synonym with several words, such as customer relationship management."""
MAX_KEY_CHARACTERS = 8
NEAR_PERCENT = 50
"""Per cent of a long Chinese word that must match, counted in pairs (two points) and characters (one point)."""
GENERIC = frozenset({
    "软件", "系统", "平台", "工具", "应用", "服务", "产品", "解决方案", "方案", "管理", "在线", "线上", "一个", "我要", "需要",
    "software", "system", "platform", "tool", "application", "app", "solution", "service", "product", "program", "online",
    "a", "an", "the", "of", "for", "and", "or", "to", "in", "on", "with", "my", "i", "need",
})  # fmt: skip
"""Words without information about the search. They count only if a query has no others."""
DIRECT, PREFIX, SYNONYM, SIMILAR, CHARACTER, WHOLE = 8, 4, 3, 1, 1, 16
"""Points that a match adds to a product's score, times the weight of the matching text."""

type Synonyms = Mapping[str, Sequence[str]]
"""``key`` of a word → the other words of its group."""


class Option(Struct, frozen=True):
    """A way to match a word: terms with their points, of which at least ``least`` must be present."""

    points: Mapping[str, int]
    least: int
    exact: bool


class Word(Struct, frozen=True):
    options: Sequence[Option]
    """At most a dozen."""
    scores: Mapping[str, int]

    @property
    def terms(self) -> set[str]:
        return {term for option in self.options for term in option.points} | self.scores.keys()


def key(text: str) -> str:
    """Return the form in which synonyms are compared: source code for “Source Codes”."""
    return " ".join(run if is_chinese(run) else word(run) for run in runs(text))


def keys(text: str) -> set[str]:
    """Return all parts of a query that may be synonyms: words, sequences of words, and parts of Chinese runs."""
    query_runs = list(runs(text[:MAX_QUERY_LENGTH]))
    sequences = {key(" ".join(query_runs[start:end])) for start, end in sub_ranges(query_runs, MAX_KEY_RUNS)}
    parts = {
        run[start:end]
        for run in query_runs
        if is_chinese(run)
        for start, end in sub_ranges(run[:MAX_QUERY_LENGTH], MAX_KEY_CHARACTERS)
    }
    return sequences | {part for part in parts if len(part) > 1}


def query_words(text: str, synonyms: Synonyms | None = None) -> tuple[Word, ...]:
    """Return the words of a query, limited in length and number; empty for a query without words."""
    known_synonyms = synonyms or {}
    text = text[:MAX_QUERY_LENGTH]
    units = list({unit.text: unit for unit in _units(list(runs(text)), known_synonyms)}.values())
    specific = [unit for unit in units if not _is_generic(unit.text, known_synonyms)]
    meaningful = [unit for unit in specific if len(unit.text) > 1 or not is_chinese(unit.text)]
    whole_term = phrase(text)
    return tuple(
        _word(unit, known_synonyms.get(unit.text, ()), whole_term)
        for unit in (meaningful or specific or units)[:MAX_WORDS]
    )


class _Unit(Struct, frozen=True):
    text: str
    around: str = ""
    """The Chinese characters around it that were split into several units: a near match of these is sufficient for
    each of them."""


def _is_generic(unit: str, known_synonyms: Synonyms) -> bool:
    return unit not in known_synonyms and (unit in GENERIC or word(unit) in GENERIC)


def _units(query_runs: Sequence[str], known_synonyms: Synonyms) -> Iterator[_Unit]:
    """Split a query into words: synonyms with several words, words, and the remainders of Chinese runs between
    synonyms and generic words."""
    position = 0
    while position < len(query_runs):
        ends = range(min(len(query_runs), position + MAX_KEY_RUNS), position, -1)
        end = next((end for end in ends if key(" ".join(query_runs[position:end])) in known_synonyms), 0)
        if end:
            yield _Unit(key(" ".join(query_runs[position:end])))
        elif is_chinese(query_runs[position]):
            yield from _chinese_units(query_runs[position], known_synonyms)
        else:
            yield _Unit(query_runs[position])
        position = end or position + 1


def _chinese_units(run: str, known_synonyms: Synonyms) -> Iterator[_Unit]:
    for generic, group in groupby(_cut(run, known_synonyms), key=lambda part: _is_generic(part, known_synonyms)):
        parts = list(group)
        around = "" if generic or len(parts) == 1 else "".join(parts)
        yield from (_Unit(part, around) for part in parts)


def _cut(run: str, known_synonyms: Synonyms) -> Iterator[str]:
    """Yield the synonyms and generic words in a run, the longest at each position, and the text between them."""
    start, position = 0, 0
    while position < len(run):
        ends = range(min(len(run), position + MAX_KEY_CHARACTERS), position, -1)
        end = next((end for end in ends if run[position:end] in known_synonyms or run[position:end] in GENERIC), 0)
        if end and start < position:
            yield run[start:position]
        if end:
            yield run[position:end]
            start = end
        position = end or position + 1
    if start < len(run):
        yield run[start:]


def _word(unit: _Unit, variants: Sequence[str], whole_term: str) -> Word:
    scores: dict[str, int] = {whole_term: WHOLE}
    single_terms: dict[str, int] = {whole_term: 1}
    options = _synonyms(variants, single_terms, scores)
    words = unit.text.split(" ")
    if len(words) > 1:
        terms = _exact_terms(words)
        scores |= dict.fromkeys(terms, DIRECT)
        options.append(Option(dict.fromkeys(terms, 1), len(terms), exact=True))
    elif is_chinese(unit.text):
        options += _chinese(unit.text[:MAX_CHARACTERS], single_terms, scores)
    else:
        options += _latin(unit.text, single_terms, scores)
    if unit.around:
        options.append(_near_option(unit.around[:MAX_CHARACTERS], scores))
    return Word([Option(single_terms, 1, exact=True), *options], scores)


def _synonyms(synonym_group: Sequence[str], single_terms: dict[str, int], scores: dict[str, int]) -> list[Option]:
    options = []
    for synonym in synonym_group:
        terms = _exact_terms(synonym.split(" "))
        scores |= {term: max(SYNONYM, scores.get(term, 0)) for term in terms}
        if len(terms) == 1:
            single_terms[terms[0]] = 1
        elif terms:
            options.append(Option(dict.fromkeys(terms, 1), len(terms), exact=True))
    return options


def _exact_terms(parts: Iterable[str]) -> list[str]:
    all_terms = (term for part in parts for term in (pairs(part) if is_chinese(part) else [word(part)]))
    return list(dict.fromkeys(all_terms))


def _chinese(run: str, single_terms: dict[str, int], scores: dict[str, int]) -> Iterator[Option]:
    run_pairs = pairs(run)
    scores |= dict.fromkeys(run_pairs, DIRECT)
    if len(run) == 1:
        single_terms[run] = 1
        return
    sound_terms = {sound: 1 for pair in run_pairs for sound in sounds(pair)}
    scores |= {term: scores.get(term, SIMILAR) for term in sound_terms}
    if len(run) == 2:  # a pair
        single_terms[run] = 1
        swapped_pair = run[::-1]
        scores.setdefault(swapped_pair, SIMILAR)
        yield Option({swapped_pair: 1} | sound_terms, 1, exact=False)
        return
    distinct = list(dict.fromkeys(run_pairs))
    yield Option(dict.fromkeys(distinct, 1), len(distinct), exact=True)
    if sound_terms:
        yield Option(sound_terms, len(distinct), exact=False)
    yield _near_option(run, scores)


def _near_option(run: str, scores: dict[str, int]) -> Option:
    """Require half of the points: pairs count two, characters one."""
    scores |= {term: scores.get(term, CHARACTER) for term in (*run, *pairs(run))}
    points = dict.fromkeys(run, 1) | dict.fromkeys(pairs(run), 2)
    return Option(points, -(-NEAR_PERCENT * sum(points.values()) // 100), exact=False)


def _latin(run: str, single_terms: dict[str, int], scores: dict[str, int]) -> Iterator[Option]:
    singular = word(run)
    single_terms[singular] = 1
    scores[singular] = DIRECT
    if len(run) <= MAX_PREFIX_LENGTH:
        single_terms[f"{run}*"] = 1
        scores[f"{run}*"] = PREFIX
    similar_terms = dict.fromkeys(typos(singular), 1)
    if run.isascii() and run.isalpha() and len(run) >= MIN_SOUND_LENGTH:
        similar_terms[f"@{run[:MAX_SOUND_LENGTH]}"] = 1
        similar_terms |= {f"^{run}": 1} if len(run) <= MAX_INITIALS else {}
    scores |= {term: scores.get(term, SIMILAR) for term in similar_terms}
    if similar_terms:
        yield Option(similar_terms, 1, exact=False)
