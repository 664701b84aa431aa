"""What a delivery says and in which language, whether it delivers a notice or words of its own."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import ngettext

from tradepost.market.base.values import replace

from . import digest, messages
from .models import NoticeDelivery
from .notice_parts import RenderedNotice

MAX_TITLES = 50
"""Titles in a summary; the others stand in the site."""


def render_delivery(one: NoticeDelivery) -> RenderedNotice:
    """In the active language."""
    if one.notice is not None:
        return messages.render_notice(one.notice.kind, one.notice.facts)
    words = messages.render_notice(one.kind, {"email": one.address, "phone": one.address, **one.facts})
    return replace(words, body=f"{words.body}\n\n{_titles(one)}") if one.kind == digest.KIND else words


def _titles(summary: NoticeDelivery) -> str:
    parts = summary.parts.select_related("notice").order_by("pk")
    notices = [part.notice for part in parts[: MAX_TITLES + 1] if part.notice is not None]
    lines = [f"– {messages.render_notice(notice.kind, notice.facts).title}" for notice in notices[:MAX_TITLES]]
    if len(notices) > MAX_TITLES:
        more = int(summary.facts.get("n", 0)) - MAX_TITLES
        lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    return "\n".join(lines)


def language_of(one: NoticeDelivery) -> str:
    """That which its reader chose; the active one where nobody did."""
    of_the_reader = one.notice.user.language if one.notice is not None else ""
    return one.language or of_the_reader or translation.get_language() or ""
