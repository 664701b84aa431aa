"""SaaS 2.0 answers, both ends: an outcome becomes members of a JSON body, and such members an outcome (saas-v2 §3, §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import cast

from tradepost.protocols.commands import (
    AppInfo,
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
from tradepost.protocols.json_answer import RESULT_MSG_LENGTH, fault_of, read_json_answer, result_message, unreachable
from tradepost.protocols.wire_fields import violations
from tradepost.protocols.wire_time import dump_milliseconds, load_digits

from .fields import INSTANCE_ID_LENGTH, SUCCESSES, USAGE_DECIMALS, USAGE_DIGITS
from .retries import PROCESSING, SUCCESS

_CODE = re.compile(r"[0-9]{6}")
_LARGEST_READ = Decimal(10) ** USAGE_DIGITS
_STEP = Decimal(1).scaleb(-USAGE_DECIMALS)


# --- seller side ---------------------------------------------------------------------------------------------------


def dump_outcome(command: Command | None, outcome: Outcome) -> dict[str, object]:
    """Members of the answer. Raises ``ValueError``, naming the fields, for an outcome that the wire cannot carry."""
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
        broken = "; ".join(map(str, violations(SUCCESSES[type(command)], members)))
        if broken:
            raise ValueError(f"SaaS 2.0 cannot carry this answer to {type(command).__name__}: {broken}")
    if "," in done.instance_id:
        raise ValueError("instanceId holds a comma, which separates the ids of queryInstance")
    return members


def _dump_instance(instance: InstanceInfo) -> dict[str, object]:
    members: dict[str, object] = {"instanceId": instance.instance_id}
    if instance.app is not None:
        members["appInfo"] = _present(
            frontEndUrl=instance.app.front_end_url,
            adminUrl=instance.app.admin_url,
            userName=instance.app.user_name,
            password=instance.app.password,
            memo=instance.app.memo,
        )
    if instance.usage:
        members["usageInfo"] = [_dump_usage(usage) for usage in instance.usage]
    return members


def _dump_usage(usage: UsageInfo) -> dict[str, object]:
    return {
        **_present(relatedInstanceId=usage.related_instance_id),
        "usageValue": _dump_value(usage.value),
        "statisticalTime": dump_milliseconds(usage.at),
        **_present(dashboardUrl=usage.dashboard_url),
    }


def _dump_value(value: Decimal) -> int | float:
    """A JSON number. Twelve digits survive a float, whose shortest text is what JSON writes."""
    largest = Decimal(10) ** (USAGE_DIGITS - USAGE_DECIMALS)
    if not value.is_finite() or not 0 <= value < largest or value != value.quantize(_STEP):
        raise ValueError(f"usageValue is {value}: it must be 0 or more, below {largest:f}, with at most 4 decimals")
    return int(value) if value == value.to_integral_value() else float(value)


def _present(**members: str) -> dict[str, object]:
    return {name: value for name, value in members.items() if value}


# --- market side ---------------------------------------------------------------------------------------------------


def load_outcome(command: Command, response: Response, *, key: str, require_body_sign: bool) -> CallResult:
    """What the seller said, or the first fault of the answer. Never raises."""
    creating = isinstance(command, Create)
    members = read_json_answer(response, key=key, require_body_sign=require_body_sign, claims_instance=creating)
    if not isinstance(members, dict):
        return members
    code, message = cast("str", members["resultCode"]), result_message(members)
    found: Done | Pending | Rejected | _Fault
    if code == SUCCESS:
        found = _load_success(command, members, message)
    elif code == PROCESSING:
        found = _load_pending(command, members, message)
    else:
        found = Rejected(code=code, message=message, retryable=True)
    if isinstance(found, tuple):
        return unreachable(*found, response if creating else None)
    return found


type _Fault = tuple[Fault, str]


def _load_success(command: Command, members: Mapping[str, object], message: str) -> Done | _Fault:
    fault = fault_of(SUCCESSES.get(type(command), ()), {**members, "resultMsg": message})
    if fault is not None:
        return fault
    if isinstance(command, Create):
        instance_id = cast("str", members["instanceId"])
        return _comma(instance_id) or Done(message=message, instance_id=instance_id)
    if isinstance(command, Query):
        return _load_query(command, members, message)
    return Done(message=message)


def _load_pending(command: Command, members: Mapping[str, object], message: str) -> Pending | _Fault:
    instance_id = members.get("instanceId")
    # The id is optional here: without it newInstance is asked again, and an idempotent seller answers the same.
    if not isinstance(command, Create) or instance_id is None or instance_id == "":
        return Pending(message=message)
    if not isinstance(instance_id, str) or not instance_id.strip() or len(instance_id) > INSTANCE_ID_LENGTH:
        return Fault.BAD_FIELD, f"instanceId must be a string of 1 to {INSTANCE_ID_LENGTH} characters"
    return _comma(instance_id) or Pending(message=message, instance_id=instance_id)


def _comma(instance_id: str) -> _Fault | None:
    if "," in instance_id:
        return Fault.BAD_FIELD, f"instanceId {excerpt(instance_id)} holds a comma: queryInstance cannot ask for it"
    return None


def _load_query(command: Query, members: Mapping[str, object], message: str) -> Done | _Fault:
    info = members.get("info")
    if info is None:
        return Fault.MISSING_FIELD, "info is missing; expected one entry for each instance that was asked for"
    instances: list[InstanceInfo] = []
    for index, entry in enumerate(cast("list[Mapping[str, object]]", info)):
        loaded = _load_instance(entry, f"info[{index}]")
        if isinstance(loaded, tuple):
            return loaded
        instances.append(loaded)
    named = [instance.instance_id for instance in instances]
    wrong = _other_instance(asked=command.instance_ids, named=named)
    return wrong or Done(message=message, instances=tuple(instances))


def _other_instance(*, asked: Iterable[str], named: list[str]) -> _Fault | None:
    for instance_id in named:
        if instance_id not in asked:
            return Fault.OTHER_INSTANCE, f"info holds the instance {excerpt(instance_id)}, which was not asked for"
    for instance_id in asked:
        if instance_id not in named:
            return Fault.OTHER_INSTANCE, f"info lacks the instance {excerpt(instance_id)}, which was asked for"
    if len(set(named)) < len(named):
        return Fault.BAD_FIELD, "info holds an instance twice"
    return None


def _load_instance(entry: Mapping[str, object], path: str) -> InstanceInfo | _Fault:
    usages: list[UsageInfo] = []
    for index, usage in enumerate(cast("list[Mapping[str, object]]", entry.get("usageInfo") or [])):
        loaded = _load_usage(usage, f"{path}.usageInfo[{index}]")
        if isinstance(loaded, tuple):
            return loaded
        usages.append(loaded)
    app = cast("Mapping[str, object] | None", entry.get("appInfo"))
    return InstanceInfo(
        instance_id=cast("str", entry["instanceId"]),
        app=None if app is None else _load_app(app),
        usage=tuple(usages),
    )


def _load_app(app: Mapping[str, object]) -> AppInfo:
    return AppInfo(
        front_end_url=_text(app, "frontEndUrl"),
        admin_url=_text(app, "adminUrl"),
        user_name=_text(app, "userName"),
        password=_text(app, "password"),
        memo=_text(app, "memo"),
    )


def _load_usage(usage: Mapping[str, object], path: str) -> UsageInfo | _Fault:
    value = _load_value(usage["usageValue"])
    if value is None:
        came = excerpt(str(usage["usageValue"]))
        return Fault.BAD_FIELD, f"{path}.usageValue must be a number of 0 or more; {came} came"
    try:
        at = load_digits(_text(usage, "statisticalTime"))
    except ValueError:
        came = excerpt(_text(usage, "statisticalTime"))
        return Fault.BAD_FIELD, f"{path}.statisticalTime must be a UTC time yyyyMMddHHmmssSSS; {came} came"
    related, dashboard = _text(usage, "relatedInstanceId"), _text(usage, "dashboardUrl")
    return UsageInfo(value=value, at=at, related_instance_id=related, dashboard_url=dashboard)


def _load_value(value: object) -> Decimal | None:
    """A number or a text that holds one, rounded to 4 decimals: sums of binary fractions carry a tail of noise."""
    try:
        number = Decimal(str(value))
        if not number.is_finite() or not 0 <= number < _LARGEST_READ:
            return None
        return number.quantize(_STEP)
    except InvalidOperation:
        return None


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
