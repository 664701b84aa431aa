"""The text of an agreement in paragraphs, in the reader's language; a template escapes them."""

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
NEVER_SOONER = 1_000_000
"""Babel would take a larger unit, and round, where the value reaches this."""


def pay_time(minutes: int) -> str:
    """The time to pay as the buyer agreement names it, in the largest unit that says it exactly: a contract must not round."""
    unit = next(unit for length, unit in UNITS if minutes % length == 0)
    return format_timedelta(timedelta(minutes=minutes), granularity=unit, threshold=NEVER_SOONER, locale=locale_now())


def paragraphs(agreement: Agreement, **facts: str) -> list[Paragraph]:
    """``facts`` stand in the text as ``{name}``."""
    text = agreement.text_en if locale_now().language == "en" else agreement.text
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    return split(text)


def terms_paragraphs(terms: Text) -> list[Paragraph]:
    """What a seller adds to the product service agreement."""
    return split(terms.in_language(locale_now().language) or terms.zh or terms.en)


def split(text: str) -> list[Paragraph]:
    found = (part.strip() for part in text.split("\n\n"))
    return [Paragraph(part.removeprefix("## "), part.startswith("## ")) for part in found if part]
