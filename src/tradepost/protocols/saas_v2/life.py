"""How SaaS 2.0 freezes an instance, and why it refreshes one (saas-v2 §3.3, §3.4)."""

from __future__ import annotations

from dataclasses import replace

from tradepost.protocols.commands import Scene
from tradepost.protocols.contract import FROZEN_BY_STATUS

LIFE = replace(FROZEN_BY_STATUS, scenes=frozenset(Scene))
