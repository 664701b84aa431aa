"""Requests signed in their URL: ``signature``, ``timestamp`` and ``nonce`` beside a JSON body (saas-v2 §2.2 to §2.4).

SaaS 2.0, License 2.0, the online License and the order notification all use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlencode

from .contract import Denied
from .freshness import NONCE_KEPT, epoch_ms, is_fresh, read_epoch_ms
from .hmac_sign import hmac_sha256_hex, same_hex, utf8
from .http import Request
from .wire_json import NotJsonObject, dump_sorted, load_object, signed_forms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .contract import NonceSeen
    from .http import Headers

AUTHENTICATION_FAILED = "000001"
INVALID_PARAMETER = "000002"

REQUEST_HEADERS: Headers = (
    ("Accept", "application/json"),
    ("Content-Type", "application/json;charset=utf8"),
)
NONCE_LENGTH = 128
"""Longer nonces are refused, since a receiver has to store them; the longest that was seen has 64 characters."""


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
    parameters = urlencode({"signature": signed, "timestamp": timestamp, "nonce": nonce})
    return Request("POST", f"{_ready_for_query(address)}{parameters}", headers, body)


def open_request(request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> dict[str, object]:
    """The body's members, after every check of saas-v2 §2.4 in its order. Raises ``Denied`` and nothing else."""
    parameters = _parameters(request)
    timestamp = parameters.get("timestamp", "")
    if not timestamp:
        raise Denied(INVALID_PARAMETER, "timestamp is missing")
    milliseconds = read_epoch_ms(timestamp)
    if milliseconds is None:
        raise Denied(INVALID_PARAMETER, "timestamp is not a number of milliseconds")
    if not is_fresh(milliseconds, now):
        raise Denied(INVALID_PARAMETER, _stale(milliseconds, now))
    nonce = parameters.get("nonce", "")
    if not nonce:
        raise Denied(INVALID_PARAMETER, "nonce is missing")
    if len(nonce) > NONCE_LENGTH:
        raise Denied(INVALID_PARAMETER, f"nonce has more than {NONCE_LENGTH} characters")
    given = parameters.get("signature", "")
    if not given:
        raise Denied(AUTHENTICATION_FAILED, "signature is missing")
    # An empty key would make the signature computable by anyone.
    if not key or not _signed(request.body, given=given, key=key, nonce=nonce, timestamp=timestamp):
        raise Denied(AUTHENTICATION_FAILED, "signature does not match")
    # Only now: an unsigned request must not be able to burn a nonce.
    if nonce_seen(nonce, now + NONCE_KEPT):
        raise Denied(AUTHENTICATION_FAILED, "nonce was used before")
    return _members(request)


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


def _stale(milliseconds: int, now: datetime) -> str:
    seconds = (epoch_ms(now) - milliseconds) / 1000
    if abs(seconds) > 1_000_000_000:
        return "timestamp is far from the receiver's clock: it is the number of milliseconds since 1970"
    side = "before" if seconds > 0 else "after"
    return f"timestamp is {abs(seconds):.0f} s {side} the receiver's clock, 60 s are allowed"


def _signed(body: bytes, *, given: str, key: str, nonce: str, timestamp: str) -> bool:
    return any(
        same_hex(given, signature(key=key, nonce=nonce, timestamp=timestamp, payload=payload))
        for payload in _payloads(body)
    )


def _payloads(body: bytes) -> Iterator[bytes]:
    """The raw bytes first: the other forms are worth computing only when those do not agree."""
    yield body
    yield from signed_forms(body)


def _members(request: Request) -> dict[str, object]:
    if request.method.upper() != "POST":
        raise Denied(INVALID_PARAMETER, "the method must be POST")
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Denied(INVALID_PARAMETER, "the content type must be application/json")
    try:
        return load_object(request.body)
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"the body is not a JSON object: {error}") from None
