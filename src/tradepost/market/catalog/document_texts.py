"""The texts of a document in the form that the text rules use, each with its input."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.market.base.values import replace
from tradepost.market.product_types.contract import Answer
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.text import Text

from .document import Document
from .rich_text import text_of
from .text_rules import MIN_DESCRIPTION_LENGTH, CheckedText, Kind


def texts_of(document: Document) -> list[CheckedText]:
    """Return all texts that a buyer reads. Missing texts are checked elsewhere, so none is ``required``."""
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


def _pair(section: str, field: str, text: Text, kind: Kind, *, rich: bool = False) -> Iterator[CheckedText]:
    chinese = CheckedText(section=section, field=f"{field}.zh", kind=kind, text=text.zh, rich=rich)
    yield chinese
    yield replace(chinese, field=f"{field}.en", text=text.en, english=True)


def _description(document: Document) -> Iterator[CheckedText]:
    """The longer language must meet the minimum length: a page shows it if the other is short or empty
    (business-rules §2.3)."""
    body, pictures = document.description.body, len([sha256 for sha256 in document.description.pictures if sha256])
    pair = list(_pair("description", "body", body, Kind.DESCRIPTION, rich=True))
    longer_text = max(pair, key=lambda text: len(text_of(text.text)))
    for text in pair:
        yield replace(text, pictures=pictures, least=MIN_DESCRIPTION_LENGTH if text is longer_text else 0)


def _answers(document: Document) -> Iterator[CheckedText]:
    """Yield the text answers to the kind's questions that buyers read."""
    answers = document.details.fields
    for question in product_type(document.product_type).fields:
        if question.buyers_read and question.answer in {Answer.LINE, Answer.TEXT}:
            kind = Kind.HIGHLIGHT if question.answer is Answer.TEXT else Kind.OTHER
            text = CheckedText(
                section="details", field=f"fields.{question.code}", kind=kind, text=answers.get(question.code, "")
            )
            yield text
            if question.translated:
                english = f"{question.code}_en"
                yield replace(text, field=f"fields.{english}", text=answers.get(english, ""), english=True)


def _specs(document: Document) -> Iterator[CheckedText]:
    for number, spec in enumerate(document.pricing.specs):
        yield from _pair("pricing", f"specs.{number}.name", spec.name, Kind.SPEC_NAME)
