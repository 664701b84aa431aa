"""Result code and message, which all answers of SaaS 1.0 and License 1.0 contain (saas-v1-license A3)."""

from __future__ import annotations

import re

from .commands import Pending, Rejected
from .json_answer import RESULT_MSG_LENGTH

SUCCESS = "000000"
PROCESSING = "000004"
_CODE = re.compile(r"[0-9]{6}")


def dump_result(code: str, message: str) -> dict[str, object]:
    return {"resultCode": code, "resultMsg": message[:RESULT_MSG_LENGTH]}


def dump_refusal(outcome: Pending | Rejected) -> dict[str, object]:
    """Return the members of an answer that is not a success. Raises ``ValueError`` for an invalid code."""
    if isinstance(outcome, Pending):
        return dump_result(PROCESSING, outcome.message or "processing")
    if not _CODE.fullmatch(outcome.code) or outcome.code in {SUCCESS, PROCESSING}:
        raise ValueError(f"{outcome.code!r} is no refusal: it takes six digits, other than 000000 and 000004")
    return dump_result(outcome.code, outcome.message or "refused")


def load_refusal(code: str, message: str) -> Pending | Rejected:
    """Return the outcome of a code other than success.

    000004 has no instance ID here: no activity completes an instance later, so the market repeats the same request.
    """
    return Pending(message=message) if code == PROCESSING else Rejected(code=code, message=message, retryable=True)
