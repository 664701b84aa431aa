"""Signature of the joint-operation kit 2.0: in headers, over the body (openapi-jointkit §A.2).

The base interfaces differ: their signature is in the URL and uses a hash of the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_hex, utf8
from tradepost.protocols.http import Request
from tradepost.protocols.stamped import Stamp, check_stamp, json_members
from tradepost.protocols.wire_json import dump_sorted

if TYPE_CHECKING:
    from datetime import datetime

    from tradepost.protocols.contract import NonceSeen

SIGN, TIMESTAMP, NONCE = "x-sign", "x-timestamp", "x-nonce"


def x_sign(*, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
    """Return 64 uppercase hex digits; comparison ignores case."""
    return hmac_sha256_hex(key, utf8(f"{key}{nonce}{timestamp}") + payload).upper()


def sign_request(members: Mapping[str, object], *, url: str, key: str, now: datetime, nonce: str) -> Request:
    """Return the POST request of a market. The body is serialised once, so that the signed bytes are the bytes sent."""
    body, timestamp = dump_sorted(members), str(epoch_ms(now))
    headers = (
        ("Content-Type", "application/json"),
        (SIGN, x_sign(key=key, nonce=nonce, timestamp=timestamp, payload=body)),
        (TIMESTAMP, timestamp),
        (NONCE, nonce),
    )
    return Request("POST", url, headers, body)


def open_request(request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> dict[str, object]:
    """Return the members of the body after the checks of §A.2, in their order. Raises only ``Denied``."""
    stamp = (request.header(name) or "" for name in (TIMESTAMP, NONCE, SIGN))
    check_stamp(Stamp(*stamp), request.body, signer=x_sign, key=key, now=now, nonce_seen=nonce_seen)
    return json_members(request)
