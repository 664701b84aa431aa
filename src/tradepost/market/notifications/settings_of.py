"""Which channels this market has, as its settings say."""

from __future__ import annotations

from datetime import time

from django.conf import settings

from .categories import Channel


def channels() -> frozenset[Channel]:
    """Mail there is always: where no server is set, files. SMS need a provider."""
    found = {Channel.IN_SITE, Channel.MAIL, Channel.WEBHOOK, Channel.CHAT}
    return frozenset(found | {Channel.SMS} if settings.SMS["adapter"] else found)


def digest_at() -> time:
    """When summaries go out, in the market's time zone."""
    at: time = settings.DIGEST_AT
    return at
