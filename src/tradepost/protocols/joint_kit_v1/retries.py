"""Retry plan and result codes of the joint-operation kit 1.0, shared with the second generation."""

from __future__ import annotations

from tradepost.protocols.sync_plan import RESULT_CODES, RETRIES

__all__ = ["RESULT_CODES", "RETRIES"]
