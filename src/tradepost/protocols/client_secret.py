"""The OAuth client secret of applicationSync: RSA-OAEP with the public key of the credential (openapi-jointkit §A.6).

Which digests OAEP uses is not published, and Java's and BouncyCastle's ``OAEPWithSHA-256AndMGF1Padding`` differ: the
market writes what Java writes, the seller tries all that are known. The padding is random, so this stands outside of
``encode``: a command carries the text that ``encrypt`` made.
"""

from __future__ import annotations

import base64
import binascii
from enum import Enum
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

LEAST_BITS = 3072


class Digests(Enum):
    """Digest of the label and digest of MGF1, in the order in which they are tried."""

    JAVA = (hashes.SHA256, hashes.SHA1)
    BOUNCY_CASTLE = (hashes.SHA256, hashes.SHA256)
    OLD = (hashes.SHA1, hashes.SHA1)

    @property
    def padding(self) -> padding.OAEP:
        label, mask = self.value
        return padding.OAEP(mgf=padding.MGF1(mask()), algorithm=label(), label=None)


class UnfitKey(ValueError):
    """The text is no RSA key of 3072 bits or more; the message says what it is."""


class UnreadableSecret(ValueError):
    """No known digests decrypt the text with this key: another key, or not a secret at all."""


def encrypt(secret: str, public_key: str, *, digests: Digests = Digests.JAVA) -> str:
    """Base64 for the wire. ``public_key``: PEM, or its body without the BEGIN and END lines, as sellers paste it.

    Raises ``UnfitKey``, and ``ValueError`` for a secret too long for the key (318 bytes with 3072 bits).
    """
    key = load_public_key(public_key)
    return base64.b64encode(key.encrypt(secret.encode(), digests.padding)).decode("ascii")


def decrypt(encrypted: str, private_key: str) -> str:
    """The secret. ``private_key``: PEM without a passphrase, or its body without the BEGIN and END lines.

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
    """The key of a credential, checked as a market must when the seller types it. Raises ``UnfitKey``."""
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


# Checking one takes a sixth of a second of the processor; a seller has one or two, and reads a secret at each sign-in.
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
    if bits < LEAST_BITS:
        raise UnfitKey(f"an RSA key of {bits} bits; at least {LEAST_BITS} are needed")
