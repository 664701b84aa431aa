"""Fields that SaaS 1.0 encrypts: AES-CBC under a key that Java's SHA1PRNG derives from the seller's key (saas-v1-license A1.4).

On the wire such a field is sixteen letters or digits, which are the initialisation vector, and the Base64 of the rest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import string

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .commands import Encryption
from .hmac_sign import utf8

IV_LENGTH = 16
BLOCK = 16
NAMES = {Encryption.AES256: "AES256_CBC_PKCS5Padding", Encryption.AES128: "AES128_CBC_PKCS5Padding"}
_KEY_BYTES = {Encryption.AES256: 32, Encryption.AES128: 16}
_IV_ALPHABET = string.ascii_letters + string.digits


class Undecipherable(ValueError):
    """The field cannot be decrypted; the text says why, without quoting it."""


def derived_key(key: str, encryption: Encryption) -> bytes:
    """The AES key that Java's ``KeyGenerator`` makes of a ``SecureRandom`` seeded with the text ``key``."""
    return _sha1prng(utf8(key), _KEY_BYTES[encryption])


def derived_iv(nonce: str, field: str) -> str:
    """Sixteen letters or digits for one field, as unpredictable as ``nonce``: no two fields of a message share one."""
    # SHA-512 gives four bytes for each character, so that the remainder by 62 favours none.
    chance = hmac.digest(utf8(nonce), utf8(field), hashlib.sha512)
    numbers = (int.from_bytes(chance[at : at + 4]) for at in range(0, 4 * IV_LENGTH, 4))
    return "".join(_IV_ALPHABET[number % len(_IV_ALPHABET)] for number in numbers)


def encrypt(plain: str, *, key: str, iv: str, encryption: Encryption) -> str:
    """The field on the wire. Raises ``ValueError`` for text that UTF-8 cannot hold."""
    padder = PKCS7(8 * BLOCK).padder()
    padded = padder.update(plain.encode("utf-8")) + padder.finalize()
    encryptor = _cipher(key, iv.encode("ascii"), encryption).encryptor()
    return iv + base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def decrypt(field: str, *, key: str, encryption: Encryption) -> str:
    """The plain text. Raises ``Undecipherable`` and nothing else."""
    iv, encoded = field[:IV_LENGTH], field[IV_LENGTH:]
    if len(iv) < IV_LENGTH or not field.isascii():
        raise Undecipherable("it does not start with an initialisation vector of 16 ASCII characters")
    try:
        ciphertext = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise Undecipherable("what follows the 16 characters of the initialisation vector is not Base64") from None
    if not ciphertext or len(ciphertext) % BLOCK:
        raise Undecipherable(f"its {len(ciphertext)} encrypted bytes are no multiple of {BLOCK} above 0")
    decryptor = _cipher(key, iv.encode("ascii"), encryption).decryptor()
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        # Wrong padding and wrong UTF-8 have one cause, another key or strength, and one text: no oracle.
        raise Undecipherable("it decrypts to no text; it was encrypted with another key or another strength") from None


def _cipher(key: str, iv: bytes, encryption: Encryption) -> Cipher[modes.CBC]:
    # CBC without a tag is what the protocol prescribes; the authToken or Body-Sign around it protects the bytes.
    return Cipher(algorithms.AES(derived_key(key, encryption)), modes.CBC(iv))


def _sha1prng(seed: bytes, length: int) -> bytes:
    """``length`` bytes of a ``SecureRandom("SHA1PRNG")`` that was only ever seeded with ``seed``."""
    state = bytearray(hashlib.sha1(seed, usedforsecurity=False).digest())
    out = b""
    while len(out) < length:
        output = hashlib.sha1(state, usedforsecurity=False).digest()
        out += output
        _advance(state, output)
    return out[:length]


def _advance(state: bytearray, output: bytes) -> None:
    """Add output and 1 to state, lowest byte first; Java's bytes are signed, so the carry may be negative."""
    carry, changed = 1, False
    for at, byte in enumerate(output):
        total = _signed(state[at]) + _signed(byte) + carry
        changed = changed or state[at] != total & 0xFF
        state[at] = total & 0xFF
        carry = total >> 8
    if not changed:
        state[0] = (state[0] + 1) & 0xFF


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
