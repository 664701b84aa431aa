"""How SaaS 2.0 freezes an instance, the reasons for a refresh, and the call for access data (saas-v2 §3.2, §3.3,
§3.4)."""

from __future__ import annotations

from dataclasses import replace

from tradepost.protocols.commands import Query, Scene
from tradepost.protocols.contract import FROZEN_BY_STATUS

LIFE = replace(FROZEN_BY_STATUS, scenes=frozenset(Scene), access_by=Query)
