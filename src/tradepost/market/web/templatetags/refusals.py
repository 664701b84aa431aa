"""Shows refusals whose field is missing on the page. ``web/base.html`` loads it."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tradepost.market.web.refusals import record_refusals, undisplayed_refusals

register = template.Library()


@register.simple_block_tag(takes_context=True)
def with_refusals(context: Context, content: str) -> str:
    """Return the content, preceded by a note for each refusal that it does not show itself."""
    facts: dict[str, Any] = context.flatten()  # type: ignore[assignment]
    if "request" in facts:
        record_refusals(facts["request"], facts)
    words = undisplayed_refusals(facts, content)
    return SafeString(render_to_string("web/parts/unseen.html", {"words": words}) + content) if words else content
