"""Retry plan and result codes of the joint-operation kit 2.0, shared with the first generation."""

from __future__ import annotations

from tradepost.protocols.sync_plan import RESULT_CODES, RETRIES

__all__ = ["RESULT_CODES", "RETRIES"]
