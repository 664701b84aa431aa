"""Fields that SaaS 1.0 encrypts: AES-CBC with a key that Java's SHA1PRNG derives from the seller's key (saas-v1-license
A1.4).

On the wire, a field is the initialisation vector of sixteen letters or digits, followed by the Base64 of the encrypted
text.
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
    """The field cannot be decrypted; the message explains why without quoting it."""


def derived_key(key: str, encryption: Encryption) -> bytes:
    """Return the AES key that Java's ``KeyGenerator`` creates with a ``SecureRandom`` seeded with ``key``."""
    return _sha1prng(utf8(key), _KEY_BYTES[encryption])


def derived_iv(nonce: str, field: str) -> str:
    """Return sixteen letters or digits for one field, as unpredictable as ``nonce`` and different for every field of a
    message."""
    # SHA-512 gives four bytes for each character, so that the remainder modulo 62 is nearly uniform.
    chance = hmac.digest(utf8(nonce), utf8(field), hashlib.sha512)
    numbers = (int.from_bytes(chance[at : at + 4]) for at in range(0, 4 * IV_LENGTH, 4))
    return "".join(_IV_ALPHABET[number % len(_IV_ALPHABET)] for number in numbers)


def encrypt(plain: str, *, key: str, iv: str, encryption: Encryption) -> str:
    """Return the field on the wire. Raises ``ValueError`` for text that UTF-8 cannot hold."""
    padder = PKCS7(8 * BLOCK).padder()
    padded_text = padder.update(plain.encode("utf-8")) + padder.finalize()
    encryptor = _cipher(key, iv.encode("ascii"), encryption).encryptor()
    return iv + base64.b64encode(encryptor.update(padded_text) + encryptor.finalize()).decode("ascii")


def decrypt(field: str, *, key: str, encryption: Encryption) -> str:
    """Return the plain text. Raises only ``Undecipherable``."""
    iv, encoded_text = field[:IV_LENGTH], field[IV_LENGTH:]
    if len(iv) < IV_LENGTH or not field.isascii():
        raise Undecipherable("it does not start with an initialisation vector of 16 ASCII characters")
    try:
        ciphertext = base64.b64decode(encoded_text, validate=True)
    except binascii.Error:
        raise Undecipherable("what follows the 16 characters of the initialisation vector is not Base64") from None
    if not ciphertext or len(ciphertext) % BLOCK:
        raise Undecipherable(f"its {len(ciphertext)} encrypted bytes are no multiple of {BLOCK} above 0")
    decryptor = _cipher(key, iv.encode("ascii"), encryption).decryptor()
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        padded_text = decryptor.update(ciphertext) + decryptor.finalize()
        return (unpadder.update(padded_text) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        # Wrong padding and invalid UTF-8 both result from another key or strength, and have one message, so that they
        # are no oracle.
        raise Undecipherable("it decrypts to no text; it was encrypted with another key or another strength") from None


def _cipher(key: str, iv: bytes, encryption: Encryption) -> Cipher[modes.CBC]:
    # The protocol requires CBC without a tag; the surrounding authToken or Body-Sign protects the bytes.
    return Cipher(algorithms.AES(derived_key(key, encryption)), modes.CBC(iv))


def _sha1prng(seed: bytes, length: int) -> bytes:
    """Return ``length`` bytes of a ``SecureRandom("SHA1PRNG")`` that was only seeded with ``seed``."""
    state = bytearray(hashlib.sha1(seed, usedforsecurity=False).digest())
    generated = b""
    while len(generated) < length:
        output = hashlib.sha1(state, usedforsecurity=False).digest()
        generated += output
        _advance(state, output)
    return generated[:length]


def _advance(state: bytearray, output: bytes) -> None:
    """Add output and 1 to state, lowest byte first. Java's bytes are signed, so the carry may be negative."""
    carry, is_changed = 1, False
    for index, byte in enumerate(output):
        total = _signed(state[index]) + _signed(byte) + carry
        is_changed = is_changed or state[index] != total & 0xFF
        state[index] = total & 0xFF
        carry = total >> 8
    if not is_changed:
        state[0] = (state[0] + 1) & 0xFF


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
