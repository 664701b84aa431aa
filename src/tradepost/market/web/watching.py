"""The rules of the daily check of products, from this market's settings."""

from __future__ import annotations

from django.utils import timezone

from tradepost.market.base.config import config
from tradepost.market.probes.watch import Watch, watch_of


def watch() -> Watch:
    return watch_of(config(), timezone.get_default_timezone())
