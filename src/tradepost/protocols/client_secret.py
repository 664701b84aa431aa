"""The OAuth client secret of applicationSync: RSA-OAEP with the credential's public key (openapi-jointkit §A.6).

The digests of OAEP are not published, and ``OAEPWithSHA-256AndMGF1Padding`` differs between Java and BouncyCastle. The
market encrypts like Java; the seller tries all known digests. The padding is random, so ``encode`` does not encrypt: a
command carries the result of ``encrypt``.
"""

from __future__ import annotations

import base64
import binascii
from enum import Enum
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

MIN_BITS = 3072


class Digests(Enum):
    """Digest of the label and digest of MGF1, in the order of the attempts."""

    JAVA = (hashes.SHA256, hashes.SHA1)
    BOUNCY_CASTLE = (hashes.SHA256, hashes.SHA256)
    OLD = (hashes.SHA1, hashes.SHA1)

    @property
    def padding(self) -> padding.OAEP:
        label, mask = self.value
        return padding.OAEP(mgf=padding.MGF1(mask()), algorithm=label(), label=None)


class UnfitKey(ValueError):
    """The text is not an RSA key of at least 3072 bits; the message describes it."""


class UnreadableSecret(ValueError):
    """No known digests decrypt the text with this key: the key is another one, or the text is not a secret."""


def encrypt(secret: str, public_key: str, *, digests: Digests = Digests.JAVA) -> str:
    """Return the encrypted secret as Base64. ``public_key``: PEM, or its body without the BEGIN and END lines.

    Raises ``UnfitKey``, or ``ValueError`` for a secret too long for the key (318 bytes with 3072 bits).
    """
    key = load_public_key(public_key)
    return base64.b64encode(key.encrypt(secret.encode(), digests.padding)).decode("ascii")


def decrypt(encrypted: str, private_key: str) -> str:
    """Return the secret. ``private_key``: PEM without a passphrase, or its body without the BEGIN and END lines.

    Raises ``UnreadableSecret`` or ``UnfitKey``.
    """
    key = _load_private_key(private_key)
    try:
        content = base64.b64decode("".join(encrypted.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableSecret("the encrypted secret is not Base64") from None
    for digests in Digests:
        try:
            return key.decrypt(content, digests.padding).decode("utf-8")
        except ValueError:
            continue
    raise UnreadableSecret("the secret cannot be decrypted with this private key")


def load_public_key(text: str) -> rsa.RSAPublicKey:
    """Load the public key of a credential and check it as the market does. Raises ``UnfitKey``."""
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_public_key(text.strip().encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise UnfitKey("not a public key in PEM") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnfitKey("not an RSA key")
    _check_bits(key.key_size)
    return key


# Checking a key takes a sixth of a second of CPU time. A seller has one or two keys and reads a secret at each sign-in.
@lru_cache(8)
def _load_private_key(text: str) -> rsa.RSAPrivateKey:
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_private_key(text.strip().encode(), password=None)
        else:
            key = serialization.load_der_private_key(base64.b64decode("".join(text.split()), validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnfitKey("not a private key in PEM without a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnfitKey("not an RSA key")
    _check_bits(key.key_size)
    return key


def _check_bits(bits: int) -> None:
    if bits < MIN_BITS:
        raise UnfitKey(f"an RSA key of {bits} bits; at least {MIN_BITS} are needed")
