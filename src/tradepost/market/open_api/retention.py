"""How long the first answer to a call of a buyer's program is repeated."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .models import KeptAnswer

ANSWERS = Rule(
    name="answers to buyers' programs", model=KeptAnswer, when="answered_at", setting="keep_api_answers_days"
)
