"""Mutants whose answers break their field tables, or ignore the request (saas-v2 §3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tradepost.protocols.http import Request, Response

from .answer_signing import compact, signed_over
from .definition import V1, V2, Answer, answer_mutant

SHAPE = "shape"
BOTH = (V2, V1)

type Change = Callable[[dict[str, Any]], object]


def changed(response: Response, change: Change) -> Response:
    members = json.loads(response.body)
    if members["resultCode"] != "000000":
        return response
    change(members)
    body = compact(members)
    return signed_over(response, body, body)


def every_info(change: Change) -> Change:
    def on_each(members: dict[str, Any]) -> None:
        for entry in members.get("info", []):
            change(entry)

    return on_each


def _fields_mutant(diagnosis: str, name: str, change: Change, protocols: tuple[str, ...] = (V2,)) -> None:
    def rewrite(request: Request, response: Response) -> Answer:
        return changed(response, change)

    rewrite.__name__ = name
    answer_mutant(diagnosis, SHAPE, "lifecycle", "time", protocols=protocols)(rewrite)


def _first_usage(change: Change) -> Change:
    """Answers to test calls contain no usage."""

    def on_each(entry: dict[str, Any]) -> None:
        for usage in entry.get("usageInfo", [])[:1]:
            change(usage)

    return every_info(on_each)


def _usage_as_an_object(entry: dict[str, Any]) -> None:
    if "usageInfo" in entry:
        entry["usageInfo"] = entry["usageInfo"][0]


def _create_only(change: Change) -> Change:
    return lambda members: change(members) if "instanceId" in members else None


_fields_mutant("missing_result", "no_result_message", lambda m: m.pop("resultMsg"), BOTH)
_fields_mutant("missing_result", "code_instead_of_result_code", lambda m: m.update(code=m.pop("resultCode")), BOTH)
_fields_mutant("wrong_type", "result_code_as_a_number", lambda m: m.update(resultCode=0), BOTH)
_fields_mutant("missing_field", "no_instance_id", lambda m: m.pop("instanceId", None), BOTH)
_fields_mutant("missing_field", "blank_instance_id", _create_only(lambda m: m.update(instanceId=" ")))
_fields_mutant(
    "missing_field", "data_wrapper", _create_only(lambda m: m.update(data={"instanceId": m.pop("instanceId")}))
)
_fields_mutant("missing_field", "no_info", lambda m: m.pop("info", None))
_fields_mutant("missing_field", "no_front_end_url", every_info(lambda e: e["appInfo"].pop("frontEndUrl")), BOTH)
_fields_mutant("wrong_type", "instance_id_as_a_number", _create_only(lambda m: m.update(instanceId=12345)))
_fields_mutant("wrong_type", "info_is_an_object", lambda m: m.update(info=m["info"][0]) if "info" in m else None)
_fields_mutant("wrong_type", "app_info_as_a_text", every_info(lambda e: e.update(appInfo=json.dumps(e["appInfo"]))))
_fields_mutant("wrong_type", "usage_info_is_an_object", every_info(_usage_as_an_object))
_fields_mutant("too_long", "instance_id_of_80", _create_only(lambda m: m.update(instanceId=m["instanceId"] + "x" * 44)))
_fields_mutant("too_long", "memo_of_2000", every_info(lambda e: e["appInfo"].update(memo="m" * 2000)))
_fields_mutant("too_long", "message_of_300", lambda m: m.update(resultMsg="m" * 300))
_fields_mutant(
    "comma_in_id", "comma_in_id", _create_only(lambda m: m.update(instanceId=m["instanceId"][:20] + ",1")), BOTH
)
_fields_mutant("bad_field", "usage_below_zero", _first_usage(lambda u: u.update(usageValue=-1)))
_fields_mutant(
    "bad_field",
    "time_with_punctuation",
    _first_usage(lambda u: u.update(statisticalTime="2026-11-24 08:00:00")),
)
_fields_mutant(
    "other_instance", "only_the_first_of_many", lambda m: m.update(info=m.get("info", [])[:1]) if "info" in m else None
)
_fields_mutant("other_instance", "own_ids_in_queries", every_info(lambda e: e.update(instanceId="4711")))
