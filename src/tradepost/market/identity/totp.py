"""Policy: codes that change every half minute (RFC 6238, over RFC 4226). No I/O.

Time is real time: the telephone that makes the code knows no other, also where a sandbox's clock was moved.
"""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

DIGITS, STEP = 6, 30
"""What apps take for granted, some of them whatever the address says: six digits, half a minute, SHA-1."""
AROUND = 1
"""Steps by which a telephone's clock may be off, either way (RFC 6238 §5.2)."""
SECRET_BYTES = 20
"""As many as the hash has (RFC 4226 §4, R6)."""


def base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")


def step_of(now: datetime) -> int:
    """Number of the half minute."""
    return int(now.timestamp()) // STEP


def code_at(secret: str, step: int) -> str:
    """``secret`` in base32."""
    return _hotp(secret).generate(step).decode()


def matching_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose code it is, later than ``after``; None for a wrong or a used one. Looks at all steps, whichever matches."""
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    hotp, here, found = _hotp(secret), step_of(now), None
    for step in range(here - AROUND, here + AROUND + 1):
        same = constant_time.bytes_eq(hotp.generate(step), code.encode())
        if same and step > after:
            found = step
    return found


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """What an app reads from the picture: ``otpauth://totp/…``. Blanks as %20: some apps would show a plus sign."""
    told = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": str(DIGITS), "period": str(STEP)}
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(told, quote_via=quote)}"


def _hotp(secret: str) -> HOTP:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return HOTP(key, DIGITS, SHA1(), enforce_key_length=True)  # noqa: S303  # HMAC with it is sound, and apps know no other
