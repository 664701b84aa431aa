"""Requests signed in their URL: ``signature``, ``timestamp`` and ``nonce``, with a JSON body (saas-v2 §2.2 to §2.4).

SaaS 2.0, License 2.0, the online License and the order notification use it.
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
    """Return the text to sign. The key is its prefix and also the HMAC's key; the hash of the payload is lowercase."""
    return f"{key}{nonce}{timestamp}{hmac_sha256_hex(key, payload)}"


def signature(*, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
    """Return 64 uppercase hex digits (saas-v2 §2.3)."""
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
    """Return the POST request of a market. The body is serialised once, so that the signed bytes are the bytes sent."""
    body = dump_sorted(members)
    timestamp = str(epoch_ms(now))
    signature_text = signature(key=key, nonce=nonce, timestamp=timestamp, payload=body)
    quoted_nonce = nonce if nonce.isalnum() and nonce.isascii() else quote_plus(nonce)
    parameters = f"signature={signature_text}&timestamp={timestamp}&nonce={quoted_nonce}"
    return Request("POST", f"{_query_prefix(address)}{parameters}", headers, body)


def open_request(
    request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen, seconds_too: bool = False
) -> dict[str, object]:
    """Return the members of the body after every check of saas-v2 §2.4, in its order. Raises only ``Denied``.

    ``seconds_too``: as in ``check_stamp``.
    """
    parameters = _parameters(request)
    stamp = Stamp(parameters.get("timestamp", ""), parameters.get("nonce", ""), parameters.get("signature", ""))
    check_stamp(stamp, request.body, signer=signature, key=key, now=now, nonce_seen=nonce_seen, seconds_too=seconds_too)
    return json_members(request)


def _query_prefix(address: str) -> str:
    address = urldefrag(address).url if "#" in address else address
    if "?" not in address:
        return f"{address}?"
    return address if address.endswith(("?", "&")) else f"{address}&"


def _parameters(request: Request) -> dict[str, str]:
    try:
        return request.query
    except ValueError:
        raise Denied(INVALID_PARAMETER, "the URL cannot be read") from None
