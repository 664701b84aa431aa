"""The texts of a document as the rules for texts read them, each with the input that it was typed into."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.market.base.values import replace
from tradepost.market.product_types.contract import Answer
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.text import Text

from .document import Document
from .rich_text import text_of
from .text_rules import LEAST_DESCRIPTION, Kind, Written


def texts_of(document: Document) -> list[Written]:
    """All that a buyer reads. What may not be empty is known elsewhere: nothing here is ``required``."""
    return [
        *_pair("base", "name", document.base.name, Kind.NAME),
        *_pair("base", "summary", document.base.summary, Kind.INTRODUCTION),
        *(
            text
            for number, highlight in enumerate(document.base.highlights)
            for text in _pair("base", f"highlights.{number}", highlight, Kind.HIGHLIGHT)
        ),
        *_description(document),
        *_pair("guide", "body", document.guide.body, Kind.GUIDE, rich=True),
        *_pair("support", "hours", document.support.hours, Kind.OTHER),
        *_pair("support", "content", document.support.content, Kind.OTHER),
        *_pair("purchase", "terms", document.purchase.terms, Kind.OTHER),
        *_specs(document),
        *_answers(document),
        *_pair("discovery", "keywords", document.discovery.keywords, Kind.OTHER),
    ]


def _pair(section: str, field: str, text: Text, kind: Kind, *, rich: bool = False) -> Iterator[Written]:
    chinese = Written(section=section, field=f"{field}.zh", kind=kind, text=text.zh, rich=rich)
    yield chinese
    yield replace(chinese, field=f"{field}.en", text=text.en, english=True)


def _description(document: Document) -> Iterator[Written]:
    """The longer of the two languages must be long enough: a page shows it where the other is short or empty
    (business-rules §2.3)."""
    body, pictures = document.description.body, len([one for one in document.description.pictures if one])
    pair = list(_pair("description", "body", body, Kind.DESCRIPTION, rich=True))
    longer = max(pair, key=lambda text: len(text_of(text.text)))
    for text in pair:
        yield replace(text, pictures=pictures, least=LEAST_DESCRIPTION if text is longer else 0)


def _answers(document: Document) -> Iterator[Written]:
    """What is typed of what its kind asks, where buyers read it."""
    said = document.details.fields
    for question in product_type(document.product_type).fields:
        if question.buyers_read and question.answer in {Answer.LINE, Answer.TEXT}:
            kind = Kind.HIGHLIGHT if question.answer is Answer.TEXT else Kind.OTHER
            text = Written(
                section="details", field=f"fields.{question.code}", kind=kind, text=said.get(question.code, "")
            )
            yield text
            if question.translated:
                english = f"{question.code}_en"
                yield replace(text, field=f"fields.{english}", text=said.get(english, ""), english=True)


def _specs(document: Document) -> Iterator[Written]:
    for n, spec in enumerate(document.pricing.specs):
        yield from _pair("pricing", f"specs.{n}.name", spec.name, Kind.SPEC_NAME)
