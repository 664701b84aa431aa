"""RSA-OAEP of the client secret with every pair of digests (openapi-jointkit §A.6)."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tradepost.protocols.client_secret import Digests, UnfitKey, UnreadableSecret, decrypt, encrypt, load_public_key


def pems(key):
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


@pytest.fixture(scope="module")
def keys():
    return pems(rsa.generate_private_key(public_exponent=65537, key_size=3072))


@pytest.mark.parametrize("digests", Digests)
def test_seller_decrypts_what_each_library_writes_section_a_6(keys, digests):
    private, public = keys
    encrypted = encrypt("客户端 secret", public, digests=digests)
    assert decrypt(encrypted, private) == "客户端 secret"
    assert len(encrypted) == 512  # 384 bytes of a 3072-bit key


def test_digests_are_java_bouncy_castle_old_section_a_6():
    pairs = [(label.name, mask.name) for label, mask in (digests.value for digests in Digests)]
    assert pairs == [("sha256", "sha1"), ("sha256", "sha256"), ("sha1", "sha1")]


def test_sellers_paste_only_the_body_of_the_pem_section_a_6(keys):
    private, public = keys
    body = "".join(public.splitlines()[1:-1])
    assert decrypt(encrypt("s", body), private) == "s"
    assert load_public_key("\n".join(public.splitlines()[1:-1])).key_size == 3072
    # An environment variable has no lines.
    assert decrypt(encrypt("s", public), "".join(private.splitlines()[1:-1])) == "s"


def test_ciphertext_may_have_line_breaks(keys):
    private, public = keys
    encrypted = encrypt("s", public)
    assert decrypt("\r\n".join(encrypted[at : at + 76] for at in range(0, 512, 76)), private) == "s"


def test_318_bytes_fit_and_319_do_not_section_a_6(keys):
    private, public = keys
    assert decrypt(encrypt("x" * 318, public), private) == "x" * 318
    with pytest.raises(ValueError):
        encrypt("x" * 319, public)


@pytest.mark.parametrize(
    "text", ["", "secret", "====", "ä", base64.b64encode(b"x" * 384).decode(), base64.b64encode(b"\xff" * 384).decode()]
)
def test_invalid_ciphertext_is_unreadable(keys, text):
    with pytest.raises(UnreadableSecret):
        decrypt(text, keys[0])


def test_wrong_keys_are_refused(keys):
    private, public = keys
    small_private, small_public = pems(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    curve_private, curve_public = pems(ec.generate_private_key(ec.SECP256R1()))
    for key, says in [
        (small_public, "2048 bits"),
        (curve_public, "not an RSA key"),
        (private, "not a public key"),
        ("", "not a public key"),
        ("-----BEGIN", "not a public key"),
        ("ä", "not a public key"),
    ]:
        with pytest.raises(UnfitKey, match=says):
            encrypt("s", key)
    for key, says in [
        (small_private, "2048 bits"),
        (curve_private, "not an RSA"),
        (public, "not a private"),
        ("", "not"),
    ]:
        with pytest.raises(UnfitKey, match=says):
            decrypt(encrypt("s", public), key)
