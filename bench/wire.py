"""The least that a signed call takes: what the bare loop and the rivals run, so that they pay for nothing of ours.

Written against saas-v2 §2.3 and §2.6; ``tests/bench`` holds it to the protocol's own code.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

KEY = "0123456789abcdef0123456789abcdef"
"""Signing key of every seller here: the server knows only one."""
HEADERS = {"Accept": "application/json", "Content-Type": "application/json;charset=utf8"}
OK = 200


def body_of(instance_id: str) -> bytes:
    """A freeze as updateInstanceStatus puts it (saas-v2 §3.4)."""
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
    """The answer is signed with this key, its header spelled exactly so, and says success."""
    signed = next((value for name, value in headers if name == "Body-Sign"), "")
    return (
        status == OK
        and hmac.compare_digest(signed, body_sign(body, key))
        and json.loads(body)["resultCode"] == "000000"
    )
