"""What a delivery says and in which language, whether it delivers a notice or words of its own."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import ngettext

from tradepost.market.base.values import replace

from . import digest, messages
from .models import NoticeDelivery
from .notice_parts import Said

LISTED = 50
"""Titles in a summary; the others stand in the site."""


def said(one: NoticeDelivery) -> Said:
    """In the active language."""
    if one.notice is not None:
        return messages.say(one.notice.kind, one.notice.facts)
    words = messages.say(one.kind, {"email": one.address, "phone": one.address, **one.facts})
    return replace(words, body=f"{words.body}\n\n{_titles(one)}") if one.kind == digest.KIND else words


def _titles(summary: NoticeDelivery) -> str:
    parts = summary.parts.select_related("notice").order_by("pk")
    notices = [part.notice for part in parts[: LISTED + 1] if part.notice is not None]
    lines = [f"– {messages.say(notice.kind, notice.facts).title}" for notice in notices[:LISTED]]
    if len(notices) > LISTED:
        more = int(summary.facts.get("n", 0)) - LISTED
        lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    return "\n".join(lines)


def language_of(one: NoticeDelivery) -> str:
    """That which its reader chose; the active one where nobody did."""
    of_the_reader = one.notice.user.language if one.notice is not None else ""
    return one.language or of_the_reader or translation.get_language() or ""
