"""Retention of reported software usage. Codes and licenses are never deleted, since buyers use them."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .code_models import SoftwareUsage

USAGE = Rule(name="software usage", model=SoftwareUsage, when="reported_at", setting="keep_software_usage_days")
