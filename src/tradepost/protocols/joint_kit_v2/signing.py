"""The signature of the joint-operation kit 2.0: in headers, and over the body itself (openapi-jointkit §A.2).

Not to be confused with the signature in the URL of the base interfaces, which hashes the body first.
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
    """64 uppercase hex digits; compared without case."""
    return hmac_sha256_hex(key, utf8(f"{key}{nonce}{timestamp}") + payload).upper()


def sign_request(members: Mapping[str, object], *, url: str, key: str, now: datetime, nonce: str) -> Request:
    """The POST that a market sends. The body is serialised once: the signed bytes are the bytes that go out."""
    body, timestamp = dump_sorted(members), str(epoch_ms(now))
    headers = (
        ("Content-Type", "application/json"),
        (SIGN, x_sign(key=key, nonce=nonce, timestamp=timestamp, payload=body)),
        (TIMESTAMP, timestamp),
        (NONCE, nonce),
    )
    return Request("POST", url, headers, body)


def open_request(request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> dict[str, object]:
    """The body's members, after the checks of §A.2 in their order. Raises ``Denied`` and nothing else."""
    given = (request.header(name) or "" for name in (TIMESTAMP, NONCE, SIGN))
    check_stamp(Stamp(*given), request.body, signer=x_sign, key=key, now=now, nonce_seen=nonce_seen)
    return json_members(request)
