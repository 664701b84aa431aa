"""Split an agreement into paragraphs in the reader's language. Templates escape the text."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from babel.dates import format_timedelta
from msgspec import Struct

from tradepost.market.identity.company_models import Agreement
from tradepost.market.web.templatetags.ui import locale_now
from tradepost.protocols.text import Text

type Unit = Literal["day", "hour", "minute"]


class Paragraph(Struct, frozen=True):
    text: str
    heading: bool


UNITS: tuple[tuple[int, Unit], ...] = ((24 * 60, "day"), (60, "hour"), (1, "minute"))
NO_ROUNDING = 1_000_000
"""Threshold for Babel, which would otherwise round up to a larger unit."""


def pay_time(minutes: int) -> str:
    """Return the time to pay for the buyer agreement, in the largest unit that expresses it without rounding."""
    unit = next(unit for length, unit in UNITS if minutes % length == 0)
    return format_timedelta(timedelta(minutes=minutes), granularity=unit, threshold=NO_ROUNDING, locale=locale_now())


def paragraphs(agreement: Agreement, **facts: str) -> list[Paragraph]:
    """Return the paragraphs of an agreement. ``facts`` replace the placeholders ``{name}`` in its text."""
    text = agreement.text_en if locale_now().language == "en" else agreement.text
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    return split_paragraphs(text)


def terms_paragraphs(terms: Text) -> list[Paragraph]:
    """Return the paragraphs that a seller adds to the product service agreement."""
    return split_paragraphs(terms.in_language(locale_now().language) or terms.zh or terms.en)


def split_paragraphs(text: str) -> list[Paragraph]:
    parts = (part.strip() for part in text.split("\n\n"))
    return [Paragraph(part.removeprefix("## "), part.startswith("## ")) for part in parts if part]
