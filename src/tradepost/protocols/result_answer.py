"""Answers with only a result and possibly the ID of a new instance: all versions except SaaS and License 1.0.

``json_answer`` has the envelope and its faults; this module converts outcomes to members and back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from .commands import CallResult, Done, Fault, Outcome, Pending, Rejected
from .json_answer import RESULT_MSG_LENGTH, json_answer, read_json_answer, result_message, unreachable
from .wire_fields import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .http import Response

SUCCESS = "000000"
PROCESSING = "000004"
INSTANCE_ID_LENGTH = 64

RESULT = (Field("resultCode", 6), Field("resultMsg", 255, mandatory=False))

_CODE = re.compile(r"[0-9]{6}")


def answer_result(outcome: Outcome, *, key: str, names_instance: bool = False) -> Response:
    """Return the signed response. Raises ``ValueError`` for an outcome that the wire cannot carry.

    ``names_instance``: the command creates an instance, so the answer contains its ID.
    """
    return json_answer(_members(outcome, names_instance=names_instance), key=key)


def read_result(response: Response, *, key: str, require_body_sign: bool, names_instance: bool = False) -> CallResult:
    """Return the seller's result, or the first fault of the answer. Never raises."""
    members = read_json_answer(response, key=key, require_body_sign=require_body_sign, claims_instance=names_instance)
    if not isinstance(members, dict):
        return members
    code, message = cast("str", members["resultCode"]), result_message(members)
    if code not in {SUCCESS, PROCESSING}:
        return Rejected(code=code, message=message, retryable=True)
    instance_id = _instance_id(members) if names_instance else ""
    if instance_id is None:
        detail = f"instanceId must be a string of 1 to {INSTANCE_ID_LENGTH} characters"
        return unreachable(Fault.BAD_FIELD, detail, response)
    if code == PROCESSING:
        # The ID is optional here: without it the market repeats the call, and an idempotent seller returns the same
        # instance.
        return Pending(message=message, instance_id=instance_id)
    if names_instance and not instance_id:
        return unreachable(Fault.MISSING_FIELD, "instanceId is missing", response)
    return Done(message=message, instance_id=instance_id)


def _members(outcome: Outcome, *, names_instance: bool) -> dict[str, object]:
    if isinstance(outcome, Rejected):
        if not _CODE.fullmatch(outcome.code) or outcome.code in {SUCCESS, PROCESSING}:
            raise ValueError(f"{outcome.code!r} is no refusal: it takes six digits, other than 000000 and 000004")
        return _result(outcome.code, outcome.message or "refused")
    if isinstance(outcome, Pending):
        members = _result(PROCESSING, outcome.message or "processing")
    else:
        members = _result(SUCCESS, outcome.message or "success")
    if names_instance and (outcome.instance_id or isinstance(outcome, Done)):
        members["instanceId"] = _checked_id(outcome.instance_id)
    return members


def _result(code: str, message: str) -> dict[str, object]:
    return {"resultCode": code, "resultMsg": message[:RESULT_MSG_LENGTH]}


def _checked_id(instance_id: str) -> str:
    if not instance_id.strip() or len(instance_id) > INSTANCE_ID_LENGTH:
        raise ValueError(f"instanceId must have 1 to {INSTANCE_ID_LENGTH} characters, not {len(instance_id)}")
    return instance_id


def _instance_id(members: Mapping[str, object]) -> str | None:
    """Return the ID; empty if there is none, None if it is invalid."""
    value = members.get("instanceId")
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not value.strip() or len(value) > INSTANCE_ID_LENGTH:
        return None
    return value
