"""The meaning of a signed request, computed without the code under test: two requests with the same meaning are one to
a seller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from tradepost.protocols.http import Request

SIGNED_IN = {
    "saas_v2": "url",
    "license_code": "url",
    "license_online": "url",
    "order_notice": "url",
    "saas_v1": "query",
    "license_v1": "query",
    "joint_kit_v2": "headers",
    "joint_kit_v1": "token",
}
"""The headers in which each version puts its signature (saas-v2 §2.2, §2.5; saas-v1-license §A1.2; openapi-jointkit
§A).
"""


def meaning(protocol: str, request: Request) -> object:
    """Return a comparable value. It is equal for requests of which one is as authentic as the other."""
    query = dict(reversed(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)))
    match SIGNED_IN[protocol]:
        case "url":
            stamp = [query.get(name) for name in ("timestamp", "nonce")]
            return *stamp, query.get("signature", "").lower(), members(request.body)
        case "query":
            # As it is signed: `a=1&b=2` in a value cannot be distinguished from two parameters (saas-v1-license §A1.2).
            token = query.pop("authToken", "").replace(" ", "+")
            return token, "&".join(f"{name}={query[name]}" for name in sorted(query, key=utf16))
        case "headers":
            stamp = [request.header(name) for name in ("x-timestamp", "x-nonce")]
            return *stamp, (request.header("x-sign") or "").lower(), members(request.body)
        case _:
            return request.header("authToken"), members(request.body)


def members(body: bytes) -> object:
    """Return the value of the body, without nulls, and with numbers equal to their text (saas-v2 §2.3)."""
    try:
        return _plain(json.loads(body))
    except ValueError:
        return body


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
