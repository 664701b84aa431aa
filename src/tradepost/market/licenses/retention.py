"""How long is kept what sellers reported of software under codes. Codes and licenses themselves stay: their buyers hold them."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .code_models import SoftwareUsage

USAGE = Rule(name="software usage", model=SoftwareUsage, when="reported_at", setting="keep_software_usage_days")
