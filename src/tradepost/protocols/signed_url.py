"""Requests signed in their URL: ``signature``, ``timestamp`` and ``nonce`` beside a JSON body (saas-v2 §2.2 to §2.4).

SaaS 2.0, License 2.0, the online License and the order notification all use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urldefrag

from .contract import Denied
from .freshness import epoch_ms
from .hmac_sign import hmac_sha256_hex, utf8
from .http import Request
from .stamped import AUTHENTICATION_FAILED, INVALID_PARAMETER, NONCE_LENGTH, Stamp, check_stamp, json_members
from .wire_json import dump_sorted

if TYPE_CHECKING:
    from datetime import datetime

    from .contract import NonceSeen
    from .http import Headers

__all__ = [
    "AUTHENTICATION_FAILED",
    "INVALID_PARAMETER",
    "NONCE_LENGTH",
    "canonical_text",
    "open_request",
    "sign_request",
    "signature",
]

REQUEST_HEADERS: Headers = (
    ("Accept", "application/json"),
    ("Content-Type", "application/json;charset=utf8"),
)


def canonical_text(*, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
    """What is signed: the key stands in front of it besides being the HMAC's key, and the payload's hash is lowercase."""
    return f"{key}{nonce}{timestamp}{hmac_sha256_hex(key, payload)}"


def signature(*, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
    """64 uppercase hex digits (saas-v2 §2.3)."""
    text = canonical_text(key=key, nonce=nonce, timestamp=timestamp, payload=payload)
    return hmac_sha256_hex(key, utf8(text)).upper()


def sign_request(
    members: Mapping[str, object],
    *,
    address: str,
    key: str,
    now: datetime,
    nonce: str,
    headers: Headers = REQUEST_HEADERS,
) -> Request:
    """The POST that a market sends. The body is serialised once: the signed bytes are the bytes that go out."""
    body = dump_sorted(members)
    timestamp = str(epoch_ms(now))
    signed = signature(key=key, nonce=nonce, timestamp=timestamp, payload=body)
    plain = nonce if nonce.isalnum() and nonce.isascii() else quote_plus(nonce)
    parameters = f"signature={signed}&timestamp={timestamp}&nonce={plain}"
    return Request("POST", f"{_ready_for_query(address)}{parameters}", headers, body)


def open_request(
    request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen, seconds_too: bool = False
) -> dict[str, object]:
    """The body's members, after every check of saas-v2 §2.4 in its order. Raises ``Denied`` and nothing else.

    ``seconds_too``: as in ``check_stamp``.
    """
    given = _parameters(request)
    stamp = Stamp(given.get("timestamp", ""), given.get("nonce", ""), given.get("signature", ""))
    check_stamp(stamp, request.body, signer=signature, key=key, now=now, nonce_seen=nonce_seen, seconds_too=seconds_too)
    return json_members(request)


def _ready_for_query(address: str) -> str:
    address = urldefrag(address).url if "#" in address else address
    if "?" not in address:
        return f"{address}?"
    return address if address.endswith(("?", "&")) else f"{address}&"


def _parameters(request: Request) -> dict[str, str]:
    try:
        return request.query
    except ValueError:
        raise Denied(INVALID_PARAMETER, "the URL cannot be read") from None
