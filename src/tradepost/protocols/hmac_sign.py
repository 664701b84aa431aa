"""HMAC-SHA256 as every protocol here uses it: text keys, constant-time comparison, and text that UTF-8 cannot hold."""

from __future__ import annotations

import base64
import hashlib
import hmac


def utf8(text: str) -> bytes:
    """UTF-8 bytes of a text that may come from the wire: a lone surrogate must not turn a wrong signature into a crash."""
    return text.encode("utf-8", "surrogatepass")


def hmac_sha256(key: str, message: bytes) -> bytes:
    # Not hmac.digest: it lets go of the interpreter for a microsecond's work, and a busy server gets it back much later.
    return hmac.new(utf8(key), message, hashlib.sha256).digest()


def hmac_sha256_hex(key: str, message: bytes) -> str:
    """Lowercase hex: upper case inside a canonical string would change the signature (saas-v2 §2.3)."""
    return hmac_sha256(key, message).hex()


def hmac_sha256_base64(key: str, message: bytes) -> str:
    return base64.b64encode(hmac_sha256(key, message)).decode("ascii")


def same_text(one: str, other: str) -> bool:
    """Equality in a time that does not tell how many characters agree."""
    if one.isascii() and other.isascii():
        return hmac.compare_digest(one, other)
    return hmac.compare_digest(utf8(one), utf8(other))


def same_hex(one: str, other: str) -> bool:
    """``same_text`` for hex digits, whose case differs between senders (saas-v2 §2.3)."""
    return same_text(one.lower(), other.lower())
