"""Schedule of automatic renewals in this market's settings."""

from __future__ import annotations

from django.conf import settings

from .auto_renew import AutoRule


def auto_rule() -> AutoRule:
    return AutoRule(days_before=settings.AUTO_RENEW_DAYS_BEFORE, at=settings.AUTO_RENEW_AT)
