"""Secrets at rest: sealed with the market's key, readable with earlier keys too, masked wherever shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
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
    """The clear text. Raises ``ValueError`` when no known key opens it (the market's secret key was changed)."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("a sealed secret cannot be opened: add the earlier key to TRADEPOST_OLD_SECRET_KEYS") from None


def opens_with_present_key(sealed: str) -> bool:
    """Whether the present key alone opens it, without the earlier ones."""
    try:
        Fernet(_derive(config().secrets()[0])).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


@lru_cache(maxsize=10_000)
def opened(sealed: str) -> str:
    """The same, once: what a process has opened it may know. Whether a key still lives is asked each time."""
    return unseal(sealed)


def fingerprints(purpose: str, clear: str) -> tuple[str, ...]:
    """Keyed hashes of a secret, by the market's present key first and then by its earlier ones: equal secrets are recognised
    by them, and whoever reads the database learns nothing."""
    return tuple(
        hmac.new(_derive(f"{purpose}\0{secret}"), clear.encode(), hashlib.sha256).hexdigest()
        for secret in config().secrets()
    )


def mask(secret: str) -> str:
    """The first characters, enough to recognise it: ``abcd••••``."""
    return f"{secret[:4]}••••" if len(secret) > 8 else "••••"
