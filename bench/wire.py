"""The minimum of a signed call, for the bare loop and the rivals, so that they have no overhead of Tradepost.

Implements saas-v2 §2.3 and §2.6; ``tests/bench`` compares it with the protocol's own code.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

KEY = "0123456789abcdef0123456789abcdef"
"""Signing key of every seller here, since the server only knows one."""
HEADERS = {"Accept": "application/json", "Content-Type": "application/json;charset=utf8"}
OK = 200


def body_of(instance_id: str) -> bytes:
    """Return a freeze in the format of updateInstanceStatus (saas-v2 §3.4)."""
    return f'{{"activity":"updateInstanceStatus","instanceId":"{instance_id}","status":"FREEZE"}}'.encode()


def signed_url(address: str, body: bytes, *, key: str, milliseconds: int, nonce: str) -> str:
    secret = key.encode()
    digest = hmac.digest(secret, body, sha256).hex()
    signature = hmac.digest(secret, f"{key}{nonce}{milliseconds}{digest}".encode(), sha256).hex().upper()
    return f"{address}?signature={signature}&timestamp={milliseconds}&nonce={nonce}"


def body_sign(body: bytes, key: str) -> str:
    signature = b64encode(hmac.digest(key.encode(), body, sha256)).decode()
    return f'sign_type="HMAC-SHA256", signature= "{signature}"'


def accepted(status: int, headers: Iterable[tuple[str, str]], body: bytes, *, key: str) -> bool:
    """Return whether the answer is signed with this key, in a header of exactly this spelling, and a success."""
    signed = next((value for name, value in headers if name == "Body-Sign"), "")
    return (
        status == OK
        and hmac.compare_digest(signed, body_sign(body, key))
        and json.loads(body)["resultCode"] == "000000"
    )
