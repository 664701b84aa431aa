"""The joint-operation kit 1.0 has the plan and the codes of both generations; named here as in every protocol folder."""

from __future__ import annotations

from tradepost.protocols.sync_plan import RESULT_CODES, RETRIES

__all__ = ["RESULT_CODES", "RETRIES"]
