"""HMAC-SHA256 for all protocols: text keys, constant-time comparison, and texts with lone surrogates."""

from __future__ import annotations

import base64
import hashlib
import hmac


def utf8(text: str) -> bytes:
    """Encode a received text as UTF-8. A lone surrogate must result in a wrong signature, not an exception."""
    return text.encode("utf-8", "surrogatepass")


def hmac_sha256(key: str, message: bytes) -> bytes:
    # hmac.digest would release the GIL for a microsecond of work, and a busy server would wait long to get it back.
    return hmac.new(utf8(key), message, hashlib.sha256).digest()


def hmac_sha256_hex(key: str, message: bytes) -> str:
    """Return lowercase hex: upper case inside a canonical string would change the signature (saas-v2 §2.3)."""
    return hmac_sha256(key, message).hex()


def hmac_sha256_base64(key: str, message: bytes) -> str:
    return base64.b64encode(hmac_sha256(key, message)).decode("ascii")


def same_text(first: str, second: str) -> bool:
    """Compare in a time that does not reveal how many characters match."""
    if first.isascii() and second.isascii():
        return hmac.compare_digest(first, second)
    return hmac.compare_digest(utf8(first), utf8(second))


def same_hex(first: str, second: str) -> bool:
    """Compare hex digits with ``same_text``, ignoring case, since senders differ (saas-v2 §2.3)."""
    return same_text(first.lower(), second.lower())
