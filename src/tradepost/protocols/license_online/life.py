"""How the online License freezes an instance, and the reasons for a refresh (saas-v1-license §B3)."""

from __future__ import annotations

from dataclasses import replace

from tradepost.protocols.contract import FROZEN_BY_STATUS

from .fields import SCENES

LIFE = replace(FROZEN_BY_STATUS, scenes=frozenset(SCENES))
