"""JSON answers of sellers: written so that every market accepts them, and read with a precise fault for each error.

All versions share the envelope: HTTP 200, ``application/json``, ``resultCode``, ``resultMsg`` and the header
``Body-Sign`` (saas-v2 §3.0, §2.6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .body_sign import HEADER, body_sign, body_sign_problem
from .commands import Fault, Unreachable
from .excerpt import excerpt
from .http import Response
from .wire_fields import Breach, Field, violations
from .wire_json import NotJsonObject, dump_ascii, load_object

OK = 200
RESULT_MSG_LENGTH = 255
_CODE = re.compile(r"[0-9]{6}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
ENVELOPE = (
    Field("resultCode", 6),
    # The reader truncates longer texts instead of refusing them, so that a long message does not hide its code.
    Field("resultMsg", mandatory=False),
)


def json_answer(members: Mapping[str, object], *, key: str) -> Response:
    """Return HTTP 200 with ASCII-only JSON in the given order, signed with ``Body-Sign``."""
    body = dump_ascii({name: _without_surrogates(value) for name, value in members.items()})
    return Response(OK, (("Content-Type", "application/json"), (HEADER, body_sign(body, key))), body)


def read_json_answer(
    response: Response, *, key: str, require_body_sign: bool, claims_instance: bool = False
) -> dict[str, object] | Unreachable:
    """Return the members of an answer with a valid envelope; else the first fault, in the order of a market's checks.

    With ``claims_instance``, a faulty answer's ``instanceId`` is kept as a hint (``Unreachable.claimed_instance_id``).
    """
    problem = _transport_fault(response, key) or _sign_fault(response, key, require_body_sign=require_body_sign)
    if problem is None:
        result = _open(response.body, key)
        if isinstance(result, dict):
            return result
        problem = result
    fault, detail = problem
    return unreachable(fault, detail, response if claims_instance else None)


def unreachable(fault: Fault, detail: str, claimant: Response | None = None) -> Unreachable:
    """Return the fault, with the instance ID from ``claimant``'s body."""
    claimed_id = _claimed_instance_id(claimant.body) if claimant else ""
    return Unreachable(fault=fault, detail=detail, claimed_instance_id=claimed_id)


def fault_of(table: tuple[Field, ...], members: Mapping[str, object]) -> tuple[Fault, str] | None:
    """Return the first violation of a field table as a fault; None if the members are valid."""
    for violation in violations(table, members):
        fault = Fault.MISSING_FIELD if violation.breach is Breach.MISSING else Fault.BAD_FIELD
        return fault, str(violation)
    return None


def result_message(members: Mapping[str, object]) -> str:
    message = members.get("resultMsg")
    return message[:RESULT_MSG_LENGTH] if isinstance(message, str) else ""


def _transport_fault(response: Response, key: str) -> tuple[Fault, str] | None:
    status = response.status
    if 300 <= status < 400:
        return Fault.REDIRECT, f"HTTP status {status} redirects to {_target(response)}; expected 200 without a redirect"
    if status != OK:
        return Fault.HTTP_STATUS, f"HTTP status {status}; expected 200. The body is {_body(response.body, key)}"
    encoding = (response.header("Content-Encoding") or "").strip().lower()
    if encoding not in {"", "identity"}:
        return Fault.CONTENT_ENCODING, f"Content-Encoding is {excerpt(encoding)}; expected none, since none was offered"
    content_type = response.header("Content-Type")
    if (content_type or "").partition(";")[0].strip().lower() != "application/json":
        received_type = "missing" if content_type is None else excerpt(content_type)
        expectation = "expected application/json"
        return (
            Fault.CONTENT_TYPE,
            f"Content-Type is {received_type}; {expectation}. The body is {_body(response.body, key)}",
        )
    return None


def _sign_fault(response: Response, key: str, *, require_body_sign: bool) -> tuple[Fault, str] | None:
    problem = body_sign_problem(response.headers, response.body, key)
    if problem is None or (problem.missing and not require_body_sign):
        return None
    return Fault.BODY_SIGN_MISSING if problem.missing else Fault.BODY_SIGN_WRONG, problem.detail


def _open(body: bytes, key: str) -> dict[str, object] | tuple[Fault, str]:
    try:
        members = load_object(body)
    except NotJsonObject as error:
        return Fault.NOT_JSON, f"the body is not a JSON object: {error}. It is {_body(body, key)}"
    return fault_of(ENVELOPE, members) or _content_fault(members) or members


def _content_fault(members: Mapping[str, object]) -> tuple[Fault, str] | None:
    """Checks that a field table cannot express. A code of another form could be mistaken for an internal name
    (``done``). Databases, logs and later requests cannot carry an ID with a control character."""
    code, instance_id = str(members["resultCode"]), members.get("instanceId")
    if not _CODE.fullmatch(code):
        return Fault.BAD_FIELD, f"resultCode is {excerpt(code)}; expected six digits"
    if isinstance(instance_id, str) and _CONTROL.search(instance_id):
        return Fault.BAD_FIELD, f"instanceId {excerpt(instance_id)} holds a control character"
    return None


def _body(body: bytes, key: str) -> str:
    return excerpt(body, secrets=(key,)) if body else "empty"


def _target(response: Response) -> str:
    """Return only the host: the rest of a redirect may contain data of the seller's framework."""
    try:
        host = urlsplit(response.header("Location") or "").hostname
    except ValueError:
        return "an address that cannot be read"
    return f"the host {excerpt(host)}" if host else "a place without a host"


def _claimed_instance_id(body: bytes) -> str:
    try:
        claimed_id = load_object(body).get("instanceId")
    except NotJsonObject:
        return ""
    valid = isinstance(claimed_id, str) and 0 < len(claimed_id.strip()) <= 64 and not _CONTROL.search(claimed_id)
    return str(claimed_id) if valid else ""


def _without_surrogates(value: object) -> object:
    """Replace lone surrogates in texts, since strict readers refuse them."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, Mapping):
        return {name: _without_surrogates(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
