"""Checks of a request's timestamp, nonce and signature, independent of their place (saas-v2 §2.4).

SaaS 2.0 and the License versions put the three into the URL, the joint-operation kit into headers; the order and result
codes of the checks are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .contract import Denied
from .freshness import NONCE_KEPT, as_milliseconds, epoch_ms, is_fresh, read_epoch_ms
from .hmac_sign import same_hex
from .wire_json import NotJsonObject, first_matching_form, load_object

if TYPE_CHECKING:
    from datetime import datetime

    from .contract import NonceSeen
    from .http import Request

AUTHENTICATION_FAILED = "000001"
INVALID_PARAMETER = "000002"

NONCE_LENGTH = 128
"""Longer nonces are refused, since a receiver has to store them; the longest known nonce has 64 characters."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The three values as received; a missing one is empty."""

    timestamp: str
    nonce: str
    signature: str


class Signer(Protocol):
    def __call__(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str: ...


def check_stamp(
    stamp: Stamp,
    body: bytes,
    *,
    signer: Signer,
    key: str,
    now: datetime,
    nonce_seen: NonceSeen,
    seconds_too: bool = False,
) -> None:
    """Run every check of saas-v2 §2.4 in its order. Raises only ``Denied``.

    ``seconds_too``: the pages of this version print seconds, though their samples have milliseconds (saas-v1-license
    §G).
    """
    if not stamp.timestamp:
        raise Denied(INVALID_PARAMETER, "timestamp is missing")
    milliseconds = read_epoch_ms(stamp.timestamp)
    if milliseconds is None:
        raise Denied(INVALID_PARAMETER, "timestamp is not a number of milliseconds")
    if seconds_too:
        milliseconds = as_milliseconds(milliseconds)
    if not is_fresh(milliseconds, now):
        raise Denied(INVALID_PARAMETER, _stale_message(milliseconds, now))
    if not stamp.nonce:
        raise Denied(INVALID_PARAMETER, "nonce is missing")
    if len(stamp.nonce) > NONCE_LENGTH:
        raise Denied(INVALID_PARAMETER, f"nonce has more than {NONCE_LENGTH} characters")
    if not stamp.signature:
        raise Denied(AUTHENTICATION_FAILED, "signature is missing")
    # With an empty key, anyone could compute the signature.
    if not key or not _signed(stamp, body, signer=signer, key=key):
        raise Denied(AUTHENTICATION_FAILED, "signature does not match")
    # Last: an unsigned request must not be able to use up a nonce.
    if nonce_seen(stamp.nonce, now + NONCE_KEPT):
        raise Denied(AUTHENTICATION_FAILED, "nonce was used before")


def json_members(request: Request) -> dict[str, object]:
    """Return the members of a POST of ``application/json``. Raises ``Denied`` with 000002."""
    if request.method.upper() != "POST":
        raise Denied(INVALID_PARAMETER, "the method must be POST")
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Denied(INVALID_PARAMETER, "the content type must be application/json")
    try:
        return load_object(request.body)
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"the body is not a JSON object: {error}") from None


def _stale_message(milliseconds: int, now: datetime) -> str:
    seconds = (epoch_ms(now) - milliseconds) / 1000
    if abs(seconds) > 1_000_000_000:
        return "timestamp is far from the receiver's clock: it is the number of milliseconds since 1970"
    side = "before" if seconds > 0 else "after"
    return f"timestamp is {abs(seconds):.0f} s {side} the receiver's clock, 60 s are allowed"


def _signed(stamp: Stamp, body: bytes, *, signer: Signer, key: str) -> bool:
    def over(payload: bytes) -> bool:
        expected_signature = signer(key=key, nonce=stamp.nonce, timestamp=stamp.timestamp, payload=payload)
        return same_hex(stamp.signature, expected_signature)

    return bool(first_matching_form(body, over))
