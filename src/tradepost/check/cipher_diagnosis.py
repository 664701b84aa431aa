"""Names the mistake in an encrypted field: decrypts it in every known wrong way (saas-v1-license §A1.4)."""

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
    """The diagnosis of a field on the wire; empty when it decrypts as it should."""
    if _decrypts(field, key, strength):
        return ""
    other = Encryption.AES128 if strength is Encryption.AES256 else Encryption.AES256
    if _decrypts(field, key, other):
        return "other_strength"
    form = _other_form(field, key, strength)
    if form:
        return form
    iv, cipher = field[:IV_LENGTH].encode("utf-8", "replace"), _base64(field[IV_LENGTH:])
    for name, aes_key in _wrong_keys(key):
        if cipher and len(iv) == IV_LENGTH and _text(cipher, aes_key, iv):
            return name
    whole = _base64(field)
    if whole and len(whole) % 16 == 0:
        for aes_key in (*(derived_key(key, s) for s in Encryption), *(k for _, k in _wrong_keys(key))):
            if _without_iv(whole, aes_key, key):
                return "iv_missing"
    if not cipher or len(cipher) % 16:
        # One block of noise without room for an IV is somebody's ciphertext; text, also in Base64, is not.
        blocks = bool(whole) and len(whole) % 16 == 0 and not _is_text(whole)
        return "iv_missing" if blocks else "password_in_clear"
    return "ciphertext_undecryptable"


def _decrypts(field: str, key: str, strength: Encryption) -> bool:
    try:
        decrypt(field, key=key, encryption=strength)
    except Undecipherable:
        return False
    return True


def _other_form(field: str, key: str, strength: Encryption) -> str:
    """The right key, and something else done otherwise."""
    for size in (strength, *Encryption):
        aes_key = derived_key(key, size)
        iv, rest = field[:IV_LENGTH], field[IV_LENGTH:]
        lines = "".join(rest.split()).replace("-", "+").replace("_", "/")
        if lines != rest and _decrypts(iv + lines + "=" * (-len(lines) % 4), key, size):
            return "ciphertext_line_end"
        try:
            raw = binascii.unhexlify(rest)
        except (binascii.Error, ValueError):
            raw = b""
        if raw and _text(raw, aes_key, iv.encode("utf-8", "replace")[:IV_LENGTH].ljust(IV_LENGTH)):
            return "hex_ciphertext"
        whole = _base64("".join(field.split()))
        # Under CBC every block is the IV of the next: only text there is somebody's IV.
        if (
            whole[:IV_LENGTH].isalnum()
            and len(whole) > IV_LENGTH
            and _text(whole[IV_LENGTH:], aes_key, whole[:IV_LENGTH])
        ):
            return "iv_inside_base64"
        if _zero_padded(_base64(rest), aes_key, iv.encode("utf-8", "replace")):
            return "zero_padding"
    for aes_key in (*(derived_key(key, size) for size in Encryption), *(made for _, made in _wrong_keys(key))):
        for cipher in (_base64("".join(field.split())), _base64(field[IV_LENGTH:])):
            if cipher and _ecb_text(cipher, aes_key):
                return "ecb_mode"
    return ""


def _zero_padded(cipher: bytes, aes_key: bytes, iv: bytes) -> bool:
    if not cipher or len(cipher) % 16 or len(iv) != IV_LENGTH:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(cipher) + decryptor.finalize()
    return _is_text(plain.rstrip(b"\x00")) and bool(plain.strip(b"\x00"))


def _ecb_text(cipher: bytes, aes_key: bytes) -> bool:
    if len(cipher) % 16 or len(cipher) == 16:
        # One block alone is the same under CBC with an IV of zeros: then the IV is what is missing.
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).decryptor()  # noqa: S305  that is what is looked for
    unpadder = PKCS7(128).unpadder()
    try:
        plain = unpadder.update(decryptor.update(cipher) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        return False
    return bool(plain) and _is_text(plain)


def _wrong_keys(key: str) -> Iterator[tuple[str, bytes]]:
    yield from (("aes_key_padded", made) for made in _padded_keys(key))
    raw = key.encode()
    for size in _SIZES.values():
        yield "raw_aes_key", raw[:size].ljust(size, b"\x00")
        yield "raw_aes_key", raw[:size].ljust(size, b"0")
        for digest in ("md5", "sha1", "sha256", "sha512"):
            hashed = hashlib.new(digest, raw, usedforsecurity=False)
            for made in (hashed.digest(), hashed.hexdigest().encode()):
                if len(made) >= size:
                    yield "hashed_aes_key", made[:size]
    for decode in (base64.b64decode, binascii.unhexlify):
        try:
            made = decode(key)
        except (binascii.Error, ValueError):
            continue
        if len(made) in {16, 24, 32}:
            yield "raw_aes_key", made


def _padded_keys(key: str) -> Iterator[bytes]:
    """AES-256 keys of one round of a digest, filled up: SHA1PRNG gives 20 bytes a round, AES-128 takes 16 of them."""
    raw, size = key.encode(), _SIZES[Encryption.AES256]
    once = hashlib.sha1(raw, usedforsecurity=False).digest()
    rounds = [
        hashlib.sha1(once, usedforsecurity=False).digest(),
        once,
        hashlib.md5(raw, usedforsecurity=False).digest(),
    ]
    for made in (*rounds, *(digest[: _SIZES[Encryption.AES128]] for digest in rounds)):
        for filler in (b"\x00", b"0", b" ", made):
            yield (made + filler * size)[:size]
        yield made.rjust(size, b"\x00")


def _without_iv(whole: bytes, aes_key: bytes, key: str) -> bool:
    """The first block may decrypt to noise when the IV is unknown, so only the last block's padding is asked."""
    ivs = (_ZERO, key.encode()[:16].ljust(16, b"\x00"), derived_key(key, Encryption.AES128))
    if any(_text(whole, aes_key, iv) for iv in ivs):
        return True
    return len(whole) >= 16 and _padded(whole, aes_key)


def _padded(whole: bytes, aes_key: bytes) -> bool:
    """Sound padding by itself proves little with one byte of it; two equal bytes and more do."""
    before = whole[-32:-16] if len(whole) > 16 else _ZERO
    if len(whole) == 16:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(before)).decryptor()
    last = decryptor.update(whole[-16:]) + decryptor.finalize()
    return 2 <= last[-1] <= 16 and last.endswith(last[-1:] * last[-1])


def _text(cipher: bytes, aes_key: bytes, iv: bytes) -> bool:
    """Whether this is how a printable text was encrypted."""
    if not cipher or len(cipher) % 16:
        return False
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(cipher) + decryptor.finalize()
        plain = (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        return False
    return plain.isprintable()


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
