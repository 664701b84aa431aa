"""Convert outcomes of SaaS 2.0 to members of a JSON body and back (saas-v2 §3, §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from tradepost.protocols.commands import (
    CallResult,
    Command,
    Create,
    Done,
    Fault,
    InstanceInfo,
    Outcome,
    Pending,
    Query,
    Rejected,
    UsageInfo,
)
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.http import Response
from tradepost.protocols.instance_info import FoundFault, dump_app, dump_usage, instance_mismatch, load_app, load_usage
from tradepost.protocols.json_answer import RESULT_MSG_LENGTH, fault_of, read_json_answer, result_message, unreachable
from tradepost.protocols.wire_fields import violations

from .fields import INSTANCE_ID_LENGTH, SUCCESSES
from .retries import PROCESSING, SUCCESS

_CODE = re.compile(r"[0-9]{6}")


# --- seller side ---------------------------------------------------------------------------------------------------


def dump_outcome(command: Command | None, outcome: Outcome) -> dict[str, object]:
    """Return the members of the answer. Raises ``ValueError``, naming the fields, for an outcome that the wire cannot
    carry."""
    match outcome:
        case Done():
            return _success(command, outcome)
        case Pending():
            members = _result(PROCESSING, outcome.message or "processing")
            if isinstance(command, Create) and outcome.instance_id:
                members["instanceId"] = outcome.instance_id
            return members
        case Rejected():
            if not _CODE.fullmatch(outcome.code) or outcome.code in {SUCCESS, PROCESSING}:
                raise ValueError(f"{outcome.code!r} is no refusal: it takes six digits, other than 000000 and 000004")
            return _result(outcome.code, outcome.message or "refused")


def _result(code: str, message: str) -> dict[str, object]:
    return {"resultCode": code, "resultMsg": message[:RESULT_MSG_LENGTH]}


def _success(command: Command | None, done: Done) -> dict[str, object]:
    members = _result(SUCCESS, done.message or "success")
    if isinstance(command, Create):
        members["instanceId"] = done.instance_id
    elif isinstance(command, Query):
        members["info"] = [_dump_instance(instance) for instance in done.instances]
    if command is not None:
        errors = "; ".join(map(str, violations(SUCCESSES[type(command)], members)))
        if errors:
            raise ValueError(f"SaaS 2.0 cannot carry this answer to {type(command).__name__}: {errors}")
    if "," in done.instance_id:
        raise ValueError("instanceId holds a comma, which separates the ids of queryInstance")
    return members


def _dump_instance(instance: InstanceInfo) -> dict[str, object]:
    members: dict[str, object] = {"instanceId": instance.instance_id}
    if instance.app is not None:
        members["appInfo"] = dump_app(instance.app)
    if instance.usage:
        members["usageInfo"] = [dump_usage(usage) for usage in instance.usage]
    return members


# --- market side ---------------------------------------------------------------------------------------------------


def load_outcome(command: Command, response: Response, *, key: str, require_body_sign: bool) -> CallResult:
    """Return the seller's result, or the first fault of the answer. Never raises."""
    creating = isinstance(command, Create)
    members = read_json_answer(response, key=key, require_body_sign=require_body_sign, claims_instance=creating)
    if not isinstance(members, dict):
        return members
    code, message = cast("str", members["resultCode"]), result_message(members)
    result: Done | Pending | Rejected | FoundFault
    if code == SUCCESS:
        result = _load_success(command, members, message)
    elif code == PROCESSING:
        result = _load_pending(command, members, message)
    else:
        result = Rejected(code=code, message=message, retryable=True)
    if isinstance(result, tuple):
        return unreachable(*result, response if creating else None)
    return result


def _load_success(command: Command, members: Mapping[str, object], message: str) -> Done | FoundFault:
    fault = fault_of(SUCCESSES.get(type(command), ()), {**members, "resultMsg": message})
    if fault is not None:
        return fault
    if isinstance(command, Create):
        instance_id = cast("str", members["instanceId"])
        return _comma_fault(instance_id) or Done(message=message, instance_id=instance_id)
    if isinstance(command, Query):
        return _load_query(command, members, message)
    return Done(message=message)


def _load_pending(command: Command, members: Mapping[str, object], message: str) -> Pending | FoundFault:
    instance_id = members.get("instanceId")
    # The ID is optional here: without it the market repeats newInstance, and an idempotent seller returns the same
    # instance.
    if not isinstance(command, Create) or instance_id is None or instance_id == "":
        return Pending(message=message)
    if not isinstance(instance_id, str) or not instance_id.strip() or len(instance_id) > INSTANCE_ID_LENGTH:
        return Fault.BAD_FIELD, f"instanceId must be a string of 1 to {INSTANCE_ID_LENGTH} characters"
    return _comma_fault(instance_id) or Pending(message=message, instance_id=instance_id)


def _comma_fault(instance_id: str) -> FoundFault | None:
    if "," in instance_id:
        return Fault.BAD_FIELD, f"instanceId {excerpt(instance_id)} holds a comma: queryInstance cannot ask for it"
    return None


def _load_query(command: Query, members: Mapping[str, object], message: str) -> Done | FoundFault:
    info = members.get("info")
    if info is None:
        return Fault.MISSING_FIELD, "info is missing; expected one entry for each instance that was asked for"
    instances: list[InstanceInfo] = []
    for index, entry in enumerate(cast("list[Mapping[str, object]]", info)):
        loaded_instance = _load_instance(entry, f"info[{index}]")
        if isinstance(loaded_instance, tuple):
            return loaded_instance
        instances.append(loaded_instance)
    answered_ids = [instance.instance_id for instance in instances]
    fault = instance_mismatch(requested=command.instance_ids, answered=answered_ids)
    return fault or Done(message=message, instances=tuple(instances))


def _load_instance(entry: Mapping[str, object], path: str) -> InstanceInfo | FoundFault:
    usages: list[UsageInfo] = []
    for index, usage in enumerate(cast("list[Mapping[str, object]]", entry.get("usageInfo") or [])):
        loaded_usage = load_usage(usage, f"{path}.usageInfo[{index}]")
        if isinstance(loaded_usage, tuple):
            return loaded_usage
        usages.append(loaded_usage)
    app = cast("Mapping[str, object] | None", entry.get("appInfo"))
    return InstanceInfo(
        instance_id=cast("str", entry["instanceId"]),
        app=None if app is None else load_app(app),
        usage=tuple(usages),
    )
