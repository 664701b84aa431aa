"""Mutants that encrypt or decrypt the fields of SaaS 1.0 wrongly (saas-v1-license A1.4)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tradepost.protocols.commands import Command, Encryption
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request, Response
from tradepost.protocols.saas_v1 import SaasV1
from tradepost.protocols.secret_fields import decrypt, derived_key

from .answer_signing import compact, signed_over
from .definition import KEY, V1, Answer, answer_mutant, wire_mutant
from .spelled import SpelledV1

SECRETS = "secrets"
IV = "0123456789abcdef"


def written(plain: str, aes_key: bytes, iv: str, *, show_iv: bool = True) -> str:
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv.encode())).encryptor()
    text = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
    return iv + text if show_iv else text


def rewritten(response: Response, write: Callable[[str, str, Encryption], str]) -> Response:
    """Rewrite every secret of an answer. ``write`` gets the plain text, the honest iv and the strength."""
    members = json.loads(response.body)
    strength = Encryption(members.get("encryptType", "1"))
    apps = [members.get("appInfo"), *(entry.get("appInfo") for entry in members.get("info", []))]
    for app in apps:
        for name in ("userName", "password"):
            if app and app.get(name):
                plain = decrypt(app[name], key=KEY, encryption=strength)
                app[name] = write(plain, app[name][:16], strength)
    body = compact(members)
    return signed_over(response, body, body)


def _secret_mutant(diagnosis: str, name: str, write: Callable[[str, str, Encryption], str]) -> None:
    def rewrite(request: Request, response: Response) -> Answer:
        return rewritten(response, write)

    rewrite.__name__ = name
    answer_mutant(diagnosis, SECRETS, protocols=(V1,))(rewrite)


def _size(strength: Encryption) -> int:
    return 32 if strength is Encryption.AES256 else 16


def _filled(number: int) -> bytes:
    """The start of the right key, padded with zeros."""
    return derived_key(KEY, Encryption.AES256)[:number].ljust(32, b"\x00")


def _digest(strength: Encryption) -> bytes:
    return hashlib.sha256(KEY.encode()).digest()[: _size(strength)]


_secret_mutant("raw_aes_key", "raw_key", lambda plain, iv, s: written(plain, KEY.encode()[: _size(s)], iv))
_secret_mutant("password_in_clear", "clear_text", lambda plain, iv, s: plain)
_secret_mutant(
    "password_in_clear", "base64_of_clear_text", lambda plain, iv, s: base64.b64encode(plain.encode()).decode()
)
_secret_mutant("hashed_aes_key", "key_is_a_digest", lambda plain, iv, s: written(plain, _digest(s), iv))
_secret_mutant(
    "hashed_aes_key", "key_is_an_md5", lambda plain, iv, s: written(plain, hashlib.md5(KEY.encode()).digest(), iv)
)
_secret_mutant("aes_key_padded", "key_of_128_bits_and_zeros", lambda plain, iv, s: written(plain, _filled(16), iv))
_secret_mutant("aes_key_padded", "key_of_one_round_and_zeros", lambda plain, iv, s: written(plain, _filled(20), iv))
_secret_mutant(
    "aes_key_padded",
    "key_of_128_bits_twice",
    lambda plain, iv, s: written(plain, derived_key(KEY, Encryption.AES128) * 2, iv),
)
_secret_mutant("iv_missing", "no_iv", lambda plain, iv, s: written(plain, derived_key(KEY, s), iv, show_iv=False))
_secret_mutant("fixed_iv", "fixed_iv", lambda plain, iv, s: written(plain, derived_key(KEY, s), IV))
_secret_mutant("ciphertext_undecryptable", "some_other_key", lambda plain, iv, s: written(plain, b"\x01" * 32, iv))


@answer_mutant("other_strength", SECRETS, protocols=(V1,))
def says_the_other_strength(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    if "encryptType" not in members:
        return response
    body = compact({**members, "encryptType": {"1": "2", "2": "1"}[members["encryptType"]]})
    return signed_over(response, body, body)


@wire_mutant("other_strength", SECRETS)
class AlwaysWrites128(SaasV1):
    """Encrypt with AES-128 and omit encryptType, which means AES-256."""

    def answer(self, command: Command | None, outcome, *, key: str, nonce: str) -> Response:
        response = super().answer(command, outcome, key=key, nonce=nonce)
        weak = derived_key(key, Encryption.AES128)
        members = json.loads(rewritten(response, lambda plain, iv, s: written(plain, weak, iv)).body)
        members.pop("encryptType", None)
        body = compact(members)
        return signed_over(response, body, body)


@wire_mutant("cannot_decrypt_request", SECRETS)
class DecryptsWithTheRawKey(SpelledV1):
    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("mobilePhone") or parameters.get("email"):
            raise Denied("000005", "Given final block not properly padded")
        return super().command(parameters, key)


@answer_mutant("crashes_on_bad_ciphertext", SECRETS, protocols=(V1,))
def bad_ciphertext_is_500(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    if "cannot be decrypted" in members["resultMsg"]:
        return replace(response, status=500)
    return response
