"""The text of an agreement in paragraphs, in the reader's language; a template escapes them."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.identity.company_models import Agreement
from tradepost.market.web.templatetags.ui import locale_now


class Paragraph(Struct, frozen=True):
    text: str
    heading: bool


def paragraphs(agreement: Agreement, **facts: str) -> list[Paragraph]:
    """``facts`` stand in the text as ``{name}``."""
    text = agreement.text_en if locale_now().language == "en" else agreement.text
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    found = (part.strip() for part in text.split("\n\n"))
    return [Paragraph(part.removeprefix("## "), part.startswith("## ")) for part in found if part]
