"""Encryption of stored secrets with the market's key. Values sealed with earlier keys can still be read."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from functools import cache, lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .config import config


@cache
def _box() -> MultiFernet:
    return MultiFernet([Fernet(_derive(secret)) for secret in config().secrets()])


def _derive(secret: str) -> bytes:
    # The setting is already a high-entropy key, so one hash with a purpose label is a sound derivation.
    return base64.urlsafe_b64encode(hashlib.sha256(b"tradepost sealed secrets\0" + secret.encode()).digest())


def seal(clear: str) -> str:
    return _box().encrypt(clear.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the clear text. Raises ``ValueError`` if no known key opens it, because the market's secret key was
    changed."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("a sealed secret cannot be opened: add the earlier key to TRADEPOST_OLD_SECRET_KEYS") from None


def opens_with_present_key(sealed: str) -> bool:
    """Return whether the current key alone opens the text."""
    try:
        Fernet(_derive(config().secrets()[0])).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(sealed: str) -> str:
    """Encrypt the same clear text with the current key. Raises ``ValueError`` if no known key opens it."""
    return sealed if opens_with_present_key(sealed) else seal(unseal(sealed))


def sealed_at(sealed: str) -> datetime:
    """Return when a text was sealed, in real time. Raises ``ValueError`` as ``unseal`` does."""
    try:
        return datetime.fromtimestamp(_box().extract_timestamp(sealed.encode()), UTC)
    except InvalidToken:
        raise ValueError("a sealed secret cannot be opened") from None


@lru_cache(maxsize=10_000)
def unseal_cached(sealed: str) -> str:
    """Like ``unseal``, cached per process. Whether the unsealed key is still valid must be checked separately."""
    return unseal(sealed)


def fingerprints(purpose: str, clear: str) -> tuple[str, ...]:
    """Return keyed hashes of a secret, with the market's current key first and then its earlier ones.

    They identify equal secrets without revealing them to a reader of the database."""
    return tuple(
        hmac.new(_derive(f"{purpose}\0{secret}"), clear.encode(), hashlib.sha256).hexdigest()
        for secret in config().secrets()
    )


def mask(secret: str) -> str:
    """Return the first characters, enough to recognise the secret: ``abcd••••``."""
    return f"{secret[:4]}••••" if len(secret) > 8 else "••••"
