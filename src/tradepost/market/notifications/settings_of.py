"""Which channels this market has, as its settings say."""

from __future__ import annotations

from datetime import time

from django.conf import settings

from .categories import Channel


def enabled_channels() -> frozenset[Channel]:
    """Mail there is always: where no server is set, files. SMS need a provider."""
    available_channels = {Channel.IN_SITE, Channel.MAIL, Channel.WEBHOOK, Channel.CHAT}
    return frozenset(available_channels | {Channel.SMS} if settings.SMS["adapter"] else available_channels)


def digest_time() -> time:
    """When summaries go out, in the market's time zone."""
    at: time = settings.DIGEST_AT
    return at
