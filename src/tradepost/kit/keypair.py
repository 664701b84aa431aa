"""RSA keys of a joint-operation credential: the market encrypts client secrets with the public key (openapi-jointkit
§A.6)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tradepost.protocols.client_secret import MIN_BITS

EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class KeyPair:
    """``public``: PEM, to paste into the application for a credential. ``private``: one line of Base64 for an
    environment variable; ``client_secret.decrypt`` accepts it."""

    public: str
    private: str = field(repr=False)


def make_pair() -> KeyPair:
    """Return a new pair of the shortest length that a market accepts; takes about half a second."""
    key = rsa.generate_private_key(public_exponent=EXPONENT, key_size=MIN_BITS)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(public.decode("ascii"), base64.b64encode(private).decode("ascii"))
