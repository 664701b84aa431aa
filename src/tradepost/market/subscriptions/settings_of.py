"""Levels and reminders in this market's settings."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from .levels import Levels, levels_of
from .life import Reminders


def levels() -> Levels:
    return _levels(settings.DEFAULT_LEVEL, settings.PERIOD_GRACE_DAYS, settings.PERIOD_RETENTION_DAYS)


@lru_cache(maxsize=8)
def _levels(default: str, grace_days: tuple[int, ...], retention_days: tuple[int, ...]) -> Levels:
    return levels_of(default=default, grace_days=grace_days, retention_days=retention_days)


def reminders() -> Reminders:
    return Reminders(days=settings.REMIND_DAYS, at=settings.REMIND_AT, zone=timezone.get_default_timezone())
