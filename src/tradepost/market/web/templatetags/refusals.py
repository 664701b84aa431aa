"""The part of every page that shows refusals whose field the page lacks. ``web/base.html`` loads it."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tradepost.market.web.refusals import unseen

register = template.Library()


@register.simple_block_tag(takes_context=True)
def with_refusals(context: Context, content: str) -> str:
    """Return the content with a note above it for every refusal that it does not show itself."""
    words = unseen(context.flatten(), content)  # type: ignore[arg-type]
    return SafeString(render_to_string("web/parts/unseen.html", {"words": words}) + content) if words else content
