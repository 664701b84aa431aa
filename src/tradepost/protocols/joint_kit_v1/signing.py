"""Signature of the joint-operation kit 1.0: SaaS 1.0's authToken over the body, sent in a header (openapi-jointkit
§A.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tradepost.protocols.contract import Denied
from tradepost.protocols.hmac_sign import same_text
from tradepost.protocols.http import Request
from tradepost.protocols.signed_query import TOKEN, auth_token
from tradepost.protocols.stamped import AUTHENTICATION_FAILED, json_members
from tradepost.protocols.wire_json import dump_sorted

if TYPE_CHECKING:
    from decimal import Decimal


def body_token(members: Mapping[str, object], *, key: str) -> str:
    """Return the token of a body: its members as texts, signed with the key followed by their timeStamp."""
    return auth_token({name: _as_text(value) for name, value in members.items() if value is not None}, key=key)


def sign_request(members: Mapping[str, object], *, url: str, key: str) -> Request:
    """Return the POST request of a market."""
    headers = (("Content-Type", "application/json"), (TOKEN, body_token(members, key=key)))
    return Request("POST", url, headers, dump_sorted(members))


def open_request(request: Request, *, key: str) -> dict[str, object]:
    """Return the members of the body if the token is valid. Raises only ``Denied``."""
    members = json_members(request)
    token = (request.header(TOKEN) or "").strip()
    if not token:
        raise Denied(AUTHENTICATION_FAILED, f"the header {TOKEN} is missing")
    # With an empty key, anyone could compute the token.
    if not key or not same_text(token, body_token(members, key=key)):
        raise Denied(AUTHENTICATION_FAILED, f"{TOKEN} does not match")
    return members


def _as_text(value: object) -> str:
    """Return texts unchanged, so that JSON inside a text is signed verbatim; other values as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_number)


def _number(value: Decimal) -> float:
    return float(value)
