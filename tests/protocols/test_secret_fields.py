"""Encrypted fields of SaaS 1.0: vectors of saas-v1-license E3 and E4, and everything that is not such a field (A1.4)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v1.vectors import VECTORS
from tradepost.protocols.commands import Encryption
from tradepost.protocols.secret_fields import Undecipherable, decrypt, derived_iv, derived_key, encrypt

KEY, IV = VECTORS["key"], VECTORS["iv"]
STRENGTHS = pytest.mark.parametrize("encryption", Encryption)
NO_IV = "it does not start with an initialisation vector of 16 ASCII characters"
NO_BASE64 = "what follows the 16 characters of the initialisation vector is not Base64"
NO_TEXT = "it decrypts to no text; it was encrypted with another key or another strength"


def refusal(field: str, *, key: str = KEY, encryption: Encryption = Encryption.AES256) -> str:
    with pytest.raises(Undecipherable) as error:
        decrypt(field, key=key, encryption=encryption)
    return str(error.value)


@pytest.mark.parametrize("vector", VECTORS["sha1prng"], ids=lambda vector: vector["key"])
def test_keys_are_those_of_java_section_e3(vector):
    """The first 16 bytes are the key of AES-128."""
    assert derived_key(vector["key"], Encryption.AES256).hex() == vector["bytes"]
    assert derived_key(vector["key"], Encryption.AES128).hex() == vector["bytes"][:32]


@STRENGTHS
@pytest.mark.parametrize("vector", VECTORS["fields"], ids=lambda vector: vector["plain"])
def test_vectors_of_section_e4(vector, encryption):
    field = vector[encryption.value]
    assert encrypt(vector["plain"], key=KEY, iv=IV, encryption=encryption) == field
    assert decrypt(field, key=KEY, encryption=encryption) == vector["plain"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(min_size=1), st.sampled_from(Encryption), st.text())
def test_any_encrypted_field_is_decrypted(plain, key, encryption, nonce):
    field = encrypt(plain, key=key, iv=derived_iv(nonce, "email"), encryption=encryption)
    assert decrypt(field, key=key, encryption=encryption) == plain


@pytest.mark.parametrize(("size", "length"), [(0, 40), (15, 40), (16, 60), (79, 124), (80, 144)])
def test_length_of_an_encrypted_field_section_a1_4(size, length):
    """16 + 4·⌈16·(⌊L/16⌋+1)/3⌉ characters for L bytes: 79 fit a field of 128, 80 do not."""
    assert len(encrypt("x" * size, key=KEY, iv=IV, encryption=Encryption.AES256)) == length


def test_iv_is_sixteen_letters_or_digits_and_unique_per_field_section_a1_4():
    ivs = {derived_iv(f"nonce {number}", field) for number in range(50) for field in ("mobilePhone", "email")}
    assert len(ivs) == 100
    assert all(len(iv) == 16 and iv.isascii() and iv.isalnum() for iv in ivs)


def test_iv_depends_on_the_nonce_and_the_field_only():
    assert derived_iv("n", "email") == derived_iv("n", "email")


def with_base64(raw: bytes) -> str:
    return IV + base64.b64encode(raw).decode()


@STRENGTHS
@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("", NO_IV),
        ("AbCdEfGh1234567", NO_IV),
        ("AbCdEfGh1234567é" + "A" * 24, NO_IV),
        (IV + "é" * 24, NO_IV),
        (IV, "its 0 encrypted bytes are no multiple of 16 above 0"),
        (with_base64(b"x" * 15), "its 15 encrypted bytes are no multiple of 16 above 0"),
        (with_base64(b"x" * 17), "its 17 encrypted bytes are no multiple of 16 above 0"),
        (IV + "klZQaDXM09j2bv4b1sU2Sg=", NO_BASE64),
        (IV + "klZQaDXM09j2bv4b1sU2Sg", NO_BASE64),
        (IV + "klZQaDXM 9j2bv4b1sU2Sg==", NO_BASE64),
        (IV + "klZQaDXM-9j2bv4b1sU2Sg==", NO_BASE64),
        (IV + "klZQaDXM09j2bv4b1sU2Sg==\n", NO_BASE64),
        (with_base64(b"x" * 16), NO_TEXT),
        ("user@example.com", "its 0 encrypted bytes are no multiple of 16 above 0"),
    ],
)
def test_invalid_field_is_named_without_quoting_it(field, reason, encryption):
    assert refusal(field, encryption=encryption) == reason


def test_other_key_other_strength_and_random_bytes_are_indistinguishable():
    field = encrypt("admin", key=KEY, iv=IV, encryption=Encryption.AES256)
    assert refusal(field, key="another key") == NO_TEXT
    assert refusal(field, encryption=Encryption.AES128) == NO_TEXT
    # é is C3 A9; the vector's second byte turns A9 into E9, which continues nothing.
    accented = encrypt("é", key=KEY, iv=IV, encryption=Encryption.AES256)
    assert refusal(accented[0] + chr(ord(accented[1]) ^ 0x40) + accented[2:]) == NO_TEXT


@given(st.text(max_size=120) | st.binary(max_size=64).map(with_base64), st.sampled_from(Encryption))
def test_any_text_gives_a_text_or_a_reason(field, encryption):
    try:
        assert isinstance(decrypt(field, key=KEY, encryption=encryption), str)
    except Undecipherable as error:
        assert str(error)  # noqa: PT017
