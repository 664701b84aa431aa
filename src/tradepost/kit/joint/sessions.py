"""What the browser of a person who signed in holds, and the OAuth tokens that can be read with it alone."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN_BYTES = 32
NONCE_BYTES = 12


def fresh_token() -> str:
    """43 characters that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is kept of it: a copy of the database opens no session."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def seal(refresh_token: str, *, token: str) -> str:
    """The refresh token, for the database; only the browser's own ``token`` opens it. Empty stays empty."""
    if not refresh_token:
        return ""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(_key(token)).encrypt(nonce, refresh_token.encode(), None)
    return urlsafe_b64encode(nonce + sealed).decode("ascii")


def unseal(sealed: str, *, token: str) -> str:
    """Empty for what was sealed with another token, or by nobody."""
    try:
        content = urlsafe_b64decode(sealed.encode("ascii"))
        return AESGCM(_key(token)).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None).decode()
    except (InvalidTag, Error, ValueError):
        return ""


def _key(token: str) -> bytes:
    return hashlib.sha256(b"tradepost joint refresh token " + token.encode("utf-8", "surrogatepass")).digest()


def pack(values: dict[str, str]) -> str:
    """For a cookie."""
    return urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode("ascii").rstrip("=")


def unpack(text: str) -> dict[str, str]:
    """Empty for what ``pack`` has not made."""
    try:
        read: object = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Error, ValueError, RecursionError):
        return {}
    found = cast("dict[str, object]", read) if isinstance(read, dict) else {}
    return {name: value for name, value in found.items() if isinstance(value, str)}
