"""Diagnoses an encrypted field by decrypting it in every known wrong way (saas-v1-license §A1.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tradepost.protocols.commands import Encryption
from tradepost.protocols.secret_fields import IV_LENGTH, Undecipherable, decrypt, derived_key

_ZERO = b"\x00" * 16
_SIZES = {Encryption.AES256: 32, Encryption.AES128: 16}


def explain_secret(field: str, key: str, strength: Encryption) -> str:
    """Return the diagnosis of a field on the wire; empty if it decrypts correctly."""
    if _decrypts(field, key, strength):
        return ""
    other_strength = Encryption.AES128 if strength is Encryption.AES256 else Encryption.AES256
    if _decrypts(field, key, other_strength):
        return "other_strength"
    form = _other_form(field, key, strength)
    if form:
        return form
    iv, cipher = field[:IV_LENGTH].encode("utf-8", "replace"), _base64(field[IV_LENGTH:])
    for name, aes_key in _wrong_keys(key):
        if cipher and len(iv) == IV_LENGTH and _decrypts_to_text(cipher, aes_key, iv):
            return name
    complete = _base64(field)
    if complete and len(complete) % 16 == 0:
        for aes_key in (*(derived_key(key, s) for s in Encryption), *(k for _, k in _wrong_keys(key))):
            if _without_iv(complete, aes_key, key):
                return "iv_missing"
    if not cipher or len(cipher) % 16:
        # One block of noise without room for an IV is a ciphertext; text, also in Base64, is not.
        blocks = bool(complete) and len(complete) % 16 == 0 and not _is_text(complete)
        return "iv_missing" if blocks else "password_in_clear"
    return "ciphertext_undecryptable"


def _decrypts(field: str, key: str, strength: Encryption) -> bool:
    try:
        decrypt(field, key=key, encryption=strength)
    except Undecipherable:
        return False
    return True


def _other_form(field: str, key: str, strength: Encryption) -> str:
    """Return the diagnosis for the right key with another mistake."""
    for size in (strength, *Encryption):
        aes_key = derived_key(key, size)
        iv, ciphertext = field[:IV_LENGTH], field[IV_LENGTH:]
        lines = "".join(ciphertext.split()).replace("-", "+").replace("_", "/")
        if lines != ciphertext and _decrypts(iv + lines + "=" * (-len(lines) % 4), key, size):
            return "ciphertext_line_end"
        try:
            raw = binascii.unhexlify(ciphertext)
        except (binascii.Error, ValueError):
            raw = b""
        if raw and _decrypts_to_text(raw, aes_key, iv.encode("utf-8", "replace")[:IV_LENGTH].ljust(IV_LENGTH)):
            return "hex_ciphertext"
        complete = _base64("".join(field.split()))
        # Under CBC every block is the IV of the next one; only a text can be a real IV.
        if (
            complete[:IV_LENGTH].isalnum()
            and len(complete) > IV_LENGTH
            and _decrypts_to_text(complete[IV_LENGTH:], aes_key, complete[:IV_LENGTH])
        ):
            return "iv_inside_base64"
        if _is_zero_padded(_base64(ciphertext), aes_key, iv.encode("utf-8", "replace")):
            return "zero_padding"
    for aes_key in (
        *(derived_key(key, size) for size in Encryption),
        *(aes_key_made for _, aes_key_made in _wrong_keys(key)),
    ):
        for cipher in (_base64("".join(field.split())), _base64(field[IV_LENGTH:])):
            if cipher and _is_ecb_text(cipher, aes_key):
                return "ecb_mode"
    return ""


def _is_zero_padded(cipher: bytes, aes_key: bytes, iv: bytes) -> bool:
    if not cipher or len(cipher) % 16 or len(iv) != IV_LENGTH:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).decryptor()
    plaintext = decryptor.update(cipher) + decryptor.finalize()
    return _is_text(plaintext.rstrip(b"\x00")) and bool(plaintext.strip(b"\x00"))


def _is_ecb_text(cipher: bytes, aes_key: bytes) -> bool:
    if len(cipher) % 16 or len(cipher) == 16:
        # A single block is equal under CBC with an IV of zeros: then the missing IV is the mistake.
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).decryptor()  # noqa: S305  that is what is looked for
    unpadder = PKCS7(128).unpadder()
    try:
        plaintext = unpadder.update(decryptor.update(cipher) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        return False
    return bool(plaintext) and _is_text(plaintext)


def _wrong_keys(key: str) -> Iterator[tuple[str, bytes]]:
    yield from (("aes_key_padded", key_bytes) for key_bytes in _padded_keys(key))
    raw = key.encode()
    for size in _SIZES.values():
        yield "raw_aes_key", raw[:size].ljust(size, b"\x00")
        yield "raw_aes_key", raw[:size].ljust(size, b"0")
        for digest in ("md5", "sha1", "sha256", "sha512"):
            key_hash = hashlib.new(digest, raw, usedforsecurity=False)
            for key_bytes in (key_hash.digest(), key_hash.hexdigest().encode()):
                if len(key_bytes) >= size:
                    yield "hashed_aes_key", key_bytes[:size]
    for decode in (base64.b64decode, binascii.unhexlify):
        try:
            key_bytes = decode(key)
        except (binascii.Error, ValueError):
            continue
        if len(key_bytes) in {16, 24, 32}:
            yield "raw_aes_key", key_bytes


def _padded_keys(key: str) -> Iterator[bytes]:
    """AES-256 keys of one digest round, padded: SHA1PRNG yields 20 bytes per round, and AES-128 uses 16 of them."""
    raw, size = key.encode(), _SIZES[Encryption.AES256]
    sha1 = hashlib.sha1(raw, usedforsecurity=False).digest()
    rounds = [
        hashlib.sha1(sha1, usedforsecurity=False).digest(),
        sha1,
        hashlib.md5(raw, usedforsecurity=False).digest(),
    ]
    for round_digest in (*rounds, *(digest[: _SIZES[Encryption.AES128]] for digest in rounds)):
        for filler in (b"\x00", b"0", b" ", round_digest):
            yield (round_digest + filler * size)[:size]
        yield round_digest.rjust(size, b"\x00")


def _without_iv(cipher: bytes, aes_key: bytes, key: str) -> bool:
    """With an unknown IV the first block may decrypt to noise, so only the last block's padding is checked."""
    ivs = (_ZERO, key.encode()[:16].ljust(16, b"\x00"), derived_key(key, Encryption.AES128))
    if any(_decrypts_to_text(cipher, aes_key, iv) for iv in ivs):
        return True
    return len(cipher) >= 16 and _has_padding(cipher, aes_key)


def _has_padding(cipher: bytes, aes_key: bytes) -> bool:
    """A valid padding of one byte proves little; two or more equal bytes do."""
    before = cipher[-32:-16] if len(cipher) > 16 else _ZERO
    if len(cipher) == 16:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(before)).decryptor()
    last_block = decryptor.update(cipher[-16:]) + decryptor.finalize()
    return 2 <= last_block[-1] <= 16 and last_block.endswith(last_block[-1:] * last_block[-1])


def _decrypts_to_text(cipher: bytes, aes_key: bytes, iv: bytes) -> bool:
    """Return whether this decrypts to a printable text."""
    if not cipher or len(cipher) % 16:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded_text = decryptor.update(cipher) + decryptor.finalize()
        plaintext = (unpadder.update(padded_text) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        return False
    return plaintext.isprintable()


def _is_text(raw: bytes) -> bool:
    try:
        return raw.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
