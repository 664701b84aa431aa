"""More than a hundred valid products of different shapes, in the words of sellers of many trades: none may be refused."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.market.catalog import right_texts as right
from tradepost.market.catalog.text_rules import CheckedText, Kind

NUMBER = 150
BLOCKS = (
    "<p>{}</p>",
    "<ul><li>{}</li></ul>",
    "<h3>{}</h3>",
    "<table><tr><td>{}</td></tr></table>",
    "<blockquote>{}</blockquote>",
)


def products() -> Iterator[list[CheckedText]]:
    """Yield products: plain and rich, short with pictures and long without, with either language first."""
    chance = random.Random(9)  # random texts, not secrets
    for number in range(NUMBER):
        yield list(_product(number, chance))


def _product(number: int, chance: random.Random) -> Iterator[CheckedText]:
    rich, pictures = number % 2 == 1, number % 6 if number % 3 == 0 else 0
    yield _text("name", Kind.NAME, right.NAMES[number % len(right.NAMES)])
    yield _text("name_en", Kind.NAME, right.ENGLISH_NAMES[number % len(right.ENGLISH_NAMES)], english=True)
    for at in range(1 + number % 3):
        yield _text(f"specs.{at}.name", Kind.SPEC_NAME, right.SPEC_NAMES[(number + at) % len(right.SPEC_NAMES)])
    yield _text("summary", Kind.INTRODUCTION, chance.choice(right.SENTENCES))
    yield _text("highlights", Kind.HIGHLIGHT, "\n".join(chance.sample(right.SENTENCES, 3)))
    length = 20 if pictures else 400
    yield _text("description", Kind.DESCRIPTION, _long(chance, length, rich=rich), rich=rich, pictures=pictures)
    yield _text("guide", Kind.GUIDE, "\n".join(chance.sample(right.GUIDES, 2)))


def _text(
    field: str, kind: Kind, text: str, *, english: bool = False, rich: bool = False, pictures: int = 0
) -> CheckedText:
    return CheckedText(
        section="texts", field=field, kind=kind, text=text, english=english, rich=rich, required=True, pictures=pictures
    )


def _long(chance: random.Random, length: int, *, rich: bool) -> str:
    sentences: list[str] = []
    while len("".join("".join(sentences).split())) < length:
        sentences.append(chance.choice(right.SENTENCES))
    return _rich(sentences, chance) if rich else "\n".join(sentences)


def _rich(sentences: Sequence[str], chance: random.Random) -> str:
    return "".join(chance.choice(BLOCKS).format(sentence) for sentence in sentences)
