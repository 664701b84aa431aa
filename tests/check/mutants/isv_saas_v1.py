"""Mutants of SaaS 1.0 as real projects make them: its token and its encrypted fields (saas-v1-license A1.2 to A1.4)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tradepost.protocols.commands import Encryption
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_base64, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.secret_fields import derived_key
from tradepost.protocols.signed_query import TOKEN, text_to_sign

from .definition import KEY, V1, Answer, answer_mutant, wire_mutant
from .encrypted_fields import SECRETS, _secret_mutant, _size, rewritten, written
from .spelled import SpelledV1

SIGNATURE, WIRE = "signature", "wire"


@wire_mutant("token_key_without_time", SIGNATURE)
class TokenKeyIsTheKeyAlone(SpelledV1):
    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256_base64(key, utf8(text_to_sign(parameters)))


@wire_mutant("token_in_hex", SIGNATURE)
class TokenInHex(SpelledV1):
    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256(key + parameters.get("timeStamp", ""), utf8(text_to_sign(parameters))).hex()


@wire_mutant("token_without_time", SIGNATURE)
class LeavesTheTimeOut(SpelledV1):
    """timeStamp is part of the key, and is therefore not treated as a parameter."""

    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in parameters.items() if name != "timeStamp"}

    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256_base64(key + self.time, utf8(text_to_sign(parameters)))

    def parameters(self, query: str) -> dict[str, str]:
        found = super().parameters(query)
        self.time = found.get("timeStamp", "")
        return found

    time = ""


@wire_mutant("token_unsorted", SIGNATURE)
class TimeStandsLast(SpelledV1):
    """Sorted, but with timeStamp at the end, in the order in which a page lists the parameters."""

    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        names = sorted(parameters.keys() - {TOKEN, "timeStamp"})
        text = "&".join(f"{n}={parameters[n]}" for n in [*names, "timeStamp"] if n in parameters)
        return hmac_sha256_base64(key + parameters.get("timeStamp", ""), utf8(text))


@wire_mutant("drops_empty_values", SIGNATURE, WIRE)
class DropsEmptyParameters(SpelledV1):
    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in parameters.items() if value}


@wire_mutant("accepts_missing_signature", SIGNATURE)
class EmptyTokenIsAPrefix(SpelledV1):
    def same(self, came: str, computed: str) -> bool:
        return computed.startswith(came.replace(" ", "+")) if not came else super().same(came, computed)


# --- encrypted fields ------------------------------------------------------------------------------------------------


def _cipher(plain: str, key: bytes, mode: modes.CBC | modes.ECB) -> bytes:
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), mode).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def _ecb(plain: str, iv: str, s: Encryption) -> str:
    return base64.b64encode(_cipher(plain, derived_key(KEY, s), modes.ECB())).decode()


def _hex(plain: str, iv: str, s: Encryption) -> str:
    return iv + _cipher(plain, derived_key(KEY, s), modes.CBC(iv.encode())).hex()


def _inside(plain: str, iv: str, s: Encryption) -> str:
    return base64.b64encode(iv.encode() + _cipher(plain, derived_key(KEY, s), modes.CBC(iv.encode()))).decode()


def _unpadded(plain: str, iv: str, s: Encryption) -> str:
    raw = plain.encode()
    encryptor = Cipher(algorithms.AES(derived_key(KEY, s)), modes.CBC(iv.encode())).encryptor()
    text = encryptor.update(raw.ljust(-(-len(raw) // 16) * 16, b"\x00")) + encryptor.finalize()
    return iv + base64.b64encode(text).decode()


def _url_safe(plain: str, iv: str, s: Encryption) -> str:
    return iv + base64.urlsafe_b64encode(_cipher(plain, derived_key(KEY, s), modes.CBC(iv.encode()))).decode()


def _wrapped_lines(plain: str, iv: str, s: Encryption) -> str:
    """sun.misc.BASE64Encoder, which breaks lines."""
    return written(plain, derived_key(KEY, s), iv) + "\n"


_secret_mutant("ecb_mode", "ecb", _ecb)
_secret_mutant("hex_ciphertext", "ciphertext_in_hex", _hex)
_secret_mutant("iv_inside_base64", "iv_inside", _inside)
_secret_mutant("zero_padding", "zero_padding", _unpadded)
_secret_mutant("ecb_mode", "raw_key_in_ecb", lambda plain, iv, s: base64.b64encode(
    _cipher(plain, KEY.encode()[: _size(s)], modes.ECB())).decode())  # fmt: skip
_secret_mutant("ciphertext_line_end", "base64_with_a_line_end", _wrapped_lines)


@answer_mutant("fixed_iv", SECRETS, protocols=(V1,))
def iv_of_zeros(request: Request, response: Response) -> Answer:
    return rewritten(response, lambda plain, iv, s: written(plain, derived_key(KEY, s), "0" * 16))


@answer_mutant("password_in_clear", SECRETS, protocols=(V1,))
def only_the_user_name_is_encrypted(request: Request, response: Response) -> Answer:
    before = json.loads(response.body)

    def write(plain: str, iv: str, s: Encryption) -> str:
        return plain if plain.startswith("first") else written(plain, derived_key(KEY, s), iv)

    return rewritten(response, write) if before["resultCode"] == "000000" else response


@answer_mutant("shared_iv", SECRETS, protocols=(V1,), warned=True)
def one_iv_for_an_answer(request: Request, response: Response) -> Answer:
    iv = hashlib.sha256(response.body).hexdigest()[:16]
    return rewritten(response, lambda plain, _, s: written(plain, derived_key(KEY, s), iv))
