"""Encrypted fields are explained from their text alone (saas-v1-license §A1.4)."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tradepost.check.cipher_diagnosis import explain_secret
from tradepost.protocols.commands import Encryption
from tradepost.protocols.secret_fields import derived_key, encrypt

KEY = "0123456789abcdef0123456789ABCDEF"
IV = "Zq3kP8sWm1Xc7Rt5"
PLAIN = "first+pass/word 1 管理员"


def written(aes_key: bytes, *, iv: bytes = IV.encode()) -> str:
    padder = PKCS7(128).padder()
    padded = padder.update(PLAIN.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


@pytest.mark.parametrize("strength", list(Encryption))
def test_right_field_needs_no_explanation(strength):
    assert explain_secret(encrypt(PLAIN, key=KEY, iv=IV, encryption=strength), KEY, strength) == ""


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("other_strength", IV + written(derived_key(KEY, Encryption.AES128))),
        ("raw_aes_key", IV + written(KEY.encode())),
        ("raw_aes_key", IV + written(KEY.encode()[:16])),
        ("raw_aes_key", IV + written(bytes.fromhex(KEY))),
        ("hashed_aes_key", IV + written(hashlib.sha256(KEY.encode()).digest())),
        ("hashed_aes_key", IV + written(hashlib.md5(KEY.encode()).digest())),
        ("hashed_aes_key", IV + written(hashlib.md5(KEY.encode()).hexdigest().encode())),
        ("aes_key_padded", IV + written(derived_key(KEY, Encryption.AES128).ljust(32, b"\x00"))),
        ("aes_key_padded", IV + written(derived_key(KEY, Encryption.AES256)[:20].ljust(32, b"\x00"))),
        ("aes_key_padded", IV + written(hashlib.sha1(KEY.encode()).digest().ljust(32, b"\x00"))),
        ("aes_key_padded", IV + written(hashlib.md5(KEY.encode()).digest().ljust(32, b"\x00"))),
        ("iv_missing", written(derived_key(KEY, Encryption.AES256), iv=bytes(16))),
        ("iv_missing", written(derived_key(KEY, Encryption.AES256))),
        ("password_in_clear", PLAIN),
        ("password_in_clear", base64.b64encode(PLAIN.encode()).decode()),
        ("password_in_clear", "x"),
        ("ciphertext_undecryptable", IV + written(b"\x01" * 32)),
    ],
)
def test_mistake_is_named(name, field):
    assert explain_secret(field, KEY, Encryption.AES256) == name
