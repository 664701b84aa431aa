"""Session tokens of browsers, and OAuth tokens encrypted with them."""

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
    """Return 43 random characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """Return the hash to store, so that a copy of the database opens no session."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def seal(refresh_token: str, *, token: str) -> str:
    """Encrypt the refresh token for the database with the browser's ``token``. An empty token stays empty."""
    if not refresh_token:
        return ""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed_token = AESGCM(_key(token)).encrypt(nonce, refresh_token.encode(), None)
    return urlsafe_b64encode(nonce + sealed_token).decode("ascii")


def unseal(sealed: str, *, token: str) -> str:
    """Decrypt a refresh token; empty if it was not sealed with this token."""
    try:
        content = urlsafe_b64decode(sealed.encode("ascii"))
        return AESGCM(_key(token)).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None).decode()
    except (InvalidTag, Error, ValueError):
        return ""


def _key(token: str) -> bytes:
    return hashlib.sha256(b"tradepost joint refresh token " + token.encode("utf-8", "surrogatepass")).digest()


def pack(values: dict[str, str]) -> str:
    """Encode values for a cookie."""
    return urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode("ascii").rstrip("=")


def unpack(text: str) -> dict[str, str]:
    """Decode a cookie's values; empty for a text that ``pack`` did not create."""
    try:
        decoded_value: object = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Error, ValueError, RecursionError):
        return {}
    members = cast("dict[str, object]", decoded_value) if isinstance(decoded_value, dict) else {}
    return {name: value for name, value in members.items() if isinstance(value, str)}
