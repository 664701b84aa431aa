"""Convert outcomes of License 1.0 to members of a JSON body and back (saas-v1-license B1)."""

from __future__ import annotations

from typing import cast

from tradepost.protocols.commands import CallResult, Command, Create, Done, Outcome
from tradepost.protocols.http import Response
from tradepost.protocols.json_answer import fault_of, read_json_answer, result_message, unreachable
from tradepost.protocols.plain_result import SUCCESS, dump_refusal, dump_result, load_refusal
from tradepost.protocols.wire_fields import violations

from .fields import SUCCESSES


def dump_outcome(command: Command | None, outcome: Outcome) -> dict[str, object]:
    """Return the members of the answer. Raises ``ValueError``, naming the fields, for an outcome that the wire cannot
    carry."""
    if not isinstance(outcome, Done):
        return dump_refusal(outcome)
    members = dump_result(SUCCESS, outcome.message or "success")
    if isinstance(command, Create):
        members |= {"license": outcome.license, "instanceId": outcome.instance_id}
    errors = "; ".join(map(str, violations(SUCCESSES[type(command)], members))) if command is not None else ""
    if errors:
        raise ValueError(f"License 1.0 cannot carry this answer to {type(command).__name__}: {errors}")
    return members


def load_outcome(command: Command, response: Response, *, key: str, require_body_sign: bool) -> CallResult:
    """Return the seller's result, or the first fault of the answer. Never raises."""
    creating = isinstance(command, Create)
    members = read_json_answer(response, key=key, require_body_sign=require_body_sign, claims_instance=creating)
    if not isinstance(members, dict):
        return members
    code, message = cast("str", members["resultCode"]), result_message(members)
    if code != SUCCESS:
        return load_refusal(code, message)
    fault = fault_of(SUCCESSES.get(type(command), ()), {**members, "resultMsg": message})
    if fault is not None:
        return unreachable(*fault, response if creating else None)
    if not creating:
        return Done(message=message)
    # The table has validated the types.
    instance_id, license_text = cast("str", members["instanceId"]), cast("str", members["license"])
    return Done(message=message, instance_id=instance_id, license=license_text)
