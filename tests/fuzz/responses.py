"""Generated responses against the gateway's decoder: no exception may escape it, and only a signed, valid response is
accepted.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import importlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.commands import IDS, KINDS, SHORT
from tests.fuzz.requests import ANY_JSON, ANY_TEXT, KEY, OTHER_KEY, VALUES
from tradepost.market.production.gateway import _decode, adjust_result
from tradepost.protocols import registry
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.commands import (
    AppInfo,
    Command,
    Create,
    Done,
    InstanceInfo,
    Outcome,
    Pending,
    Query,
    Rejected,
    Release,
    Unreachable,
    UsageInfo,
)
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Response
from tradepost.protocols.wire_fields import violations

UNSIGNED = frozenset({"license_code", "license_online", "order_notice"})
"""Versions whose documents have no Body-Sign; one that is present must still be valid (saas-v1-license §B, §D)."""
NONCE = "0123456789abcdef0123456789abcdef"
OLD_KEY = "a key from before the rotation, still in its overlap"

APPS = st.builds(AppInfo, front_end_url=IDS, admin_url=SHORT, user_name=SHORT, password=SHORT, memo=SHORT)
USAGES = st.builds(
    UsageInfo,
    value=st.decimals(Decimal(0), Decimal(9999), places=4),
    at=st.just(datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
    related_instance_id=SHORT,
)
INFOS = st.builds(InstanceInfo, instance_id=IDS, app=st.none() | APPS, usage=st.lists(USAGES, max_size=2).map(tuple))
OUTCOMES: st.SearchStrategy[Outcome] = (
    st.builds(Done, message=SHORT, instance_id=IDS, instances=st.lists(INFOS, max_size=2).map(tuple), license=SHORT)
    | st.builds(Pending, message=SHORT, instance_id=IDS | st.just(""))
    | st.builds(Rejected, code=st.sampled_from(["000001", "000002", "000003", "000005", "000100"]), message=SHORT)
)
HEADER_NAMES = st.sampled_from(["Body-Sign", "body-sign", "Body-sign", "Content-Type", "Content-Encoding", "X"])
HEADER_VALUES = ANY_TEXT | st.sampled_from(
    ["application/json", "application/json;charset=GBK", "text/html", "gzip", "identity", body_sign(b"{}", KEY)]
)
STATUSES = st.sampled_from([200, 200, 201, 204, 301, 302, 307, 400, 404, 500, 502]) | st.integers(100, 599)
CHANGES = st.one_of(
    st.tuples(st.just("honest"), st.none()),
    st.tuples(
        st.just("bytes"),
        st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 3)), min_size=1, max_size=3),
    ),
    st.tuples(st.just("members"), st.tuples(st.integers(0, 30), VALUES)),
    st.tuples(st.just("signed members"), st.tuples(st.integers(0, 30), VALUES)),
    st.tuples(st.just("signed bytes"), st.binary(max_size=60) | ANY_JSON.map(lambda v: json.dumps(v).encode())),
    st.tuples(st.just("status"), STATUSES),
    st.tuples(st.just("header"), st.tuples(HEADER_NAMES, HEADER_VALUES)),
    st.tuples(st.just("no header"), HEADER_NAMES),
    st.tuples(st.just("key"), st.sampled_from([KEY, OTHER_KEY, OLD_KEY, ""])),
    st.tuples(st.just("reserialised"), st.sampled_from(["indent", "sorted", "newline", "bom", "gzip", "utf-16"])),
    st.tuples(st.just("anything"), st.tuples(st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES)), st.binary(max_size=80))),
)


@dataclass(frozen=True, slots=True)
class Answered:
    command: Command
    response: Response
    require_body_sign: bool
    until_access: bool
    way: str


def answered(name: str) -> st.SearchStrategy[Answered | None]:
    version = registry.protocol(name)
    kinds = [KINDS[kind] for kind in version.activities]
    flags = st.tuples(st.booleans() | st.just(True), st.booleans())
    return st.builds(_made, st.just(version), st.one_of(kinds), OUTCOMES, CHANGES, flags)


def _made(
    version: SellerProtocol, command: Command, outcome: Outcome, change: tuple[str, Any], flags: tuple[bool, bool]
) -> Answered | None:
    way, detail = change
    key = detail if way == "key" else KEY
    try:
        honest = version.answer(command, _fitting(command, outcome), key=key, nonce=NONCE)
    except ValueError:
        # An outcome that this wire cannot carry: an honest seller does not send it.
        return None
    changed = honest if way in {"honest", "key"} else _CHANGES[way](honest, detail)
    return Answered(command, changed, *flags, way)


def _fitting(command: Command, outcome: Outcome) -> Outcome:
    """Half of the responses should match the command, or few would be accepted."""
    if isinstance(command, Query) and isinstance(outcome, Done):
        pairs = zip(command.instance_ids, outcome.instances * 4, strict=False)
        return replace(outcome, instances=tuple(replace(info, instance_id=asked) for asked, info in pairs))
    return outcome


def signed(response: Response, body: bytes) -> Response:
    headers = tuple((name, body_sign(body, KEY) if name == "Body-Sign" else value) for name, value in response.headers)
    return Response(response.status, headers, body)


def _bytes(honest: Response, detail: Any) -> Response:
    body = honest.body
    for where, put, taken in detail:
        at = int(where * len(body))
        body = body[:at] + put + body[at + taken :]
    return replace(honest, body=body)


def _members(honest: Response, detail: tuple[int, Any]) -> Response:
    return replace(honest, body=_replace_member(honest.body, *detail))


def _signed_members(honest: Response, detail: tuple[int, Any]) -> Response:
    return signed(honest, _replace_member(honest.body, *detail))


def _replace_member(body: bytes, position: int, value: Any) -> bytes:
    """Replace one member at any level."""
    members = json.loads(body)
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [members]
    while stack:
        at = stack.pop()
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        places += [(at, key) for key in keys]
        stack += [at[key] for key in keys if isinstance(at[key], dict | list)]
    holder, key = places[position % len(places)]
    holder[key] = value
    return json.dumps(members).encode()


def _signed_bytes(honest: Response, detail: bytes) -> Response:
    return signed(honest, detail)


def _status(honest: Response, detail: int) -> Response:
    return replace(honest, status=detail)


def _header(honest: Response, detail: tuple[str, str]) -> Response:
    rest = tuple(pair for pair in honest.headers if pair[0].lower() != detail[0].lower())
    return replace(honest, headers=(*rest, detail))


def _no_header(honest: Response, detail: str) -> Response:
    return replace(honest, headers=tuple(pair for pair in honest.headers if pair[0] != detail))


def _reserialised(honest: Response, detail: str) -> Response:
    members = json.loads(honest.body)
    forms: Mapping[str, bytes] = {
        "indent": json.dumps(members, indent=2).encode(),
        "sorted": json.dumps(members, sort_keys=True, separators=(",", ":")).encode(),
        "newline": honest.body + b"\n",
        "bom": b"\xef\xbb\xbf" + honest.body,
        "gzip": gzip.compress(honest.body),
        "utf-16": honest.body.decode().encode("utf-16"),
    }
    return replace(honest, body=forms[detail])


def _anything(honest: Response, detail: Any) -> Response:
    headers, body = detail
    return Response(200, tuple(headers), body)


_CHANGES: Mapping[str, Callable[[Response, Any], Response]] = {
    "bytes": _bytes,
    "members": _members,
    "signed members": _signed_members,
    "signed bytes": _signed_bytes,
    "status": _status,
    "header": _header,
    "no header": _no_header,
    "reserialised": _reserialised,
    "anything": _anything,
}


def judge(version: SellerProtocol, given: Answered | None, counts: Counter[str]) -> bool:
    """Decode, and accept only what is valid and signed over its bytes (saas-v2 §2.6, §3, §4).

    Return False if nothing was decoded.
    """
    if given is None:
        return False
    keys = (KEY, OLD_KEY)
    decoded = _decode(version, given.command, given.response, keys, require_body_sign=given.require_body_sign)
    result = adjust_result(given.command, decoded, until_access=given.until_access)
    counts[f"{given.way}: {type(result).__name__}"] += 1
    if isinstance(result, Unreachable):
        assert result.detail
        assert KEY not in result.detail
        return True
    assert given.response.status == 200
    assert (given.response.header("Content-Type") or "").partition(";")[0].strip().lower() == "application/json"
    must_be_signed = given.require_body_sign and version.name not in UNSIGNED
    if must_be_signed or names_body_sign(given.response):
        assert any(is_signed(given.response, key) for key in keys), given
    members = json.loads(given.response.body.decode("utf-8"))
    assert isinstance(members["resultCode"], str)
    assert len(members["resultCode"]) <= 6
    if isinstance(result, Done):
        check_done(given, result, members)
        if members["resultCode"] == "000000":
            check_fields(version, given.command, members)
    return True


def check_done(given: Answered, result: Done, members: dict[str, Any]) -> None:
    """Check what a market accepts as done against the members of the body."""
    code = members["resultCode"]
    if code == "000003":
        assert isinstance(given.command, Release)
        return
    if code == "000004":
        assert isinstance(given.command, Create)
    else:
        assert code == "000000"
    if isinstance(given.command, Create):
        check_created(result, members)
    if isinstance(given.command, Query):
        check_queried(given, given.command, result, members)


def check_fields(version: SellerProtocol, command: Command, members: dict[str, Any]) -> None:
    fields = importlib.import_module(f"tradepost.protocols.{version.name}.fields")
    table = getattr(fields, "SUCCESSES", {}).get(type(command), ())
    # The reader cuts a message that is too long.
    assert not list(violations(table, {**members, "resultMsg": "success"}))


def check_created(result: Done, members: dict[str, Any]) -> None:
    if "instanceId" in members and members["instanceId"] is not None:
        assert result.instance_id == members["instanceId"]
        assert 1 <= len(members["instanceId"]) <= 64
        assert members["instanceId"].strip()
    assert result.instance_id or result.license


def check_queried(given: Answered, command: Query, result: Done, members: dict[str, Any]) -> None:
    assert {entry["instanceId"] for entry in members["info"]} == set(command.instance_ids)
    assert {info.instance_id for info in result.instances} == set(command.instance_ids)
    assert len(members["info"]) == len(command.instance_ids)
    for entry in members["info"]:
        app = entry.get("appInfo")
        if app is None:
            assert not given.until_access
            continue
        assert 1 <= len(app["frontEndUrl"]) <= 512
        for usage in entry.get("usageInfo") or []:
            assert 0 <= Decimal(str(usage["usageValue"])) < 10**12
            assert re.fullmatch(r"[0-9]{14}([0-9]{3})?", usage["statisticalTime"])


def names_body_sign(response: Response) -> bool:
    return response.header("Body-Sign") is not None


def is_signed(response: Response, key: str) -> bool:
    """saas-v2 §2.6, written again: the exact name, both double quotes, the Base64 over exactly these bytes."""
    value = next((value for name, value in response.headers if name == "Body-Sign"), "")
    mac = base64.b64encode(hmac.new(key.encode(), response.body, hashlib.sha256).digest()).decode()
    return re.sub(r"\s", "", value) == f'sign_type="HMAC-SHA256",signature="{mac}"'
