"""The rules by which this market syncs enterprises with applications, from its settings."""

from __future__ import annotations

from tradepost.market.applications.rules import SyncRules, rules_of
from tradepost.market.base.config import config


def sync_rules() -> SyncRules:
    return rules_of(config())
