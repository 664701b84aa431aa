"""Retention of first answers to calls of buyers' programs."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .models import KeptAnswer

STORED_ANSWERS = Rule(
    name="answers to buyers' programs", model=KeptAnswer, when="answered_at", setting="keep_api_answers_days"
)
