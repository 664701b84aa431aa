"""Context of the rich text editor: its buttons, and the HTML elements that pages show (``rich.js``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.rich_text import TAGS

from .draft_inputs import Look, Words
from .draft_questions import Group

ACTS: tuple[tuple[str, str, Words], ...] = (
    ("bold", "bold", _("Bold")),
    ("italic", "italic", _("Italic")),
    ("heading", "h-3", _("Heading")),
    ("subheading", "h-4", _("Subheading")),
    ("bullets", "list", _("Bulleted list")),
    ("numbers", "list-numbers", _("Numbered list")),
    ("link", "link", _("Link")),
    ("undo", "arrow-back-up", _("Undo")),
    ("redo", "arrow-forward-up", _("Redo")),
    ("source", "code", _("Edit the HTML")),
)
"""Code, icon and label of each button."""


def rich_context(groups: Iterable[Group]) -> Mapping[str, Any]:
    """Return the context for a page with these inputs; empty without rich text."""
    if not any(ask.look is Look.HTML for group in groups for ask in group.asks):
        return {}
    return {"rich_tags": " ".join(sorted(TAGS)), "rich_acts": ACTS}
