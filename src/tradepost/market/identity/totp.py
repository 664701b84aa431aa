"""Time-based one-time passwords that change every half minute (RFC 6238, based on RFC 4226). No I/O.

Times are real, because telephones do not follow a sandbox's clock."""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

DIGITS, STEP = 6, 30
"""The values that apps assume, some of them regardless of the URI: six digits, half a minute, SHA-1."""
TOLERANCE = 1
"""Steps by which a telephone's clock may be off in either direction (RFC 6238 §5.2)."""
SECRET_BYTES = 20
"""The length of the hash (RFC 4226 §4, R6)."""


def base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")


def step_of(now: datetime) -> int:
    """Return the number of the half minute."""
    return int(now.timestamp()) // STEP


def code_at(secret: str, step: int) -> str:
    """Return the code. ``secret``: in base32."""
    return _hotp(secret).generate(step).decode()


def matching_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """Return the step of a code, later than ``after``; None for a wrong or used code. Always compares all steps, in
    constant time."""
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    hotp, current_step, match = _hotp(secret), step_of(now), None
    for step in range(current_step - TOLERANCE, current_step + TOLERANCE + 1):
        is_equal = constant_time.bytes_eq(hotp.generate(step), code.encode())
        if is_equal and step > after:
            match = step
    return match


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """Return the URI that an app reads from the QR code: ``otpauth://totp/…``. Spaces as %20, because some apps would
    show a plus sign."""
    parameters = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": str(DIGITS), "period": str(STEP)}
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(parameters, quote_via=quote)}"


def _hotp(secret: str) -> HOTP:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return HOTP(key, DIGITS, SHA1(), enforce_key_length=True)  # noqa: S303  # HMAC with SHA-1 is secure, and apps support no other
