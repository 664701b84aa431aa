"""Mutants that sign their answers wrongly (saas-v2 §2.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tradepost.protocols import registry
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_base64
from tradepost.protocols.http import Request, Response

from .definition import KEY, V1, V2, Answer, Answering, Shop, answer_mutant, mutant

SIGNATURE = "signature"
BOTH = (V2, V1)


def with_value(response: Response, value: str | None, *, name: str = "Body-Sign") -> Response:
    headers = [(key, text) for key, text in response.headers if key != "Body-Sign"]
    if value is not None:
        headers.append((name, value))
    return Response(response.status, tuple(headers), response.body)


def spelled(signature: str) -> str:
    return f'sign_type="HMAC-SHA256", signature= "{signature}"'


def signed_over(response: Response, message: bytes, body: bytes | None = None) -> Response:
    """Return the answer with ``body``, signed as if it were ``message``."""
    signed = with_value(response, spelled(hmac_sha256_base64(KEY, message)))
    return Response(signed.status, signed.headers, response.body if body is None else body)


def members_of(response: Response) -> dict[str, object]:
    found: dict[str, object] = json.loads(response.body)
    return found


def compact(value: object, **options: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), **options).encode()


@answer_mutant("no_body_sign", SIGNATURE, protocols=BOTH)
def no_body_sign(request: Request, response: Response) -> Answer:
    return with_value(response, None)


@answer_mutant("header_case", "wire", SIGNATURE, protocols=BOTH)
def header_in_lower_case(request: Request, response: Response) -> Answer:
    """As HTTP/2 proxies and many servers write it."""
    return with_value(response, response.header("Body-Sign"), name="body-sign")


@answer_mutant("header_case", "wire", SIGNATURE)
def header_with_a_small_s(request: Request, response: Response) -> Answer:
    return with_value(response, response.header("Body-Sign"), name="Body-sign")


@answer_mutant("quotes_missing", "wire", SIGNATURE, protocols=BOTH)
def quotes_missing(request: Request, response: Response) -> Answer:
    return with_value(response, (response.header("Body-Sign") or "").replace('"', ""))


@answer_mutant("quotes_missing", "wire", SIGNATURE)
def single_quotes(request: Request, response: Response) -> Answer:
    return with_value(response, (response.header("Body-Sign") or "").replace('"', "'"))


@answer_mutant("body_sign_format", "wire", SIGNATURE)
def only_the_signature(request: Request, response: Response) -> Answer:
    return with_value(response, hmac_sha256_base64(KEY, response.body))


@answer_mutant("body_sign_format", "wire", SIGNATURE)
def sign_type_without_hyphen(request: Request, response: Response) -> Answer:
    return with_value(response, (response.header("Body-Sign") or "").replace("HMAC-SHA256", "HmacSHA256"))


@answer_mutant("unsorted_keys", SIGNATURE, protocols=BOTH)
def signs_sorted_sends_unsorted(request: Request, response: Response) -> Answer:
    return signed_over(response, compact(members_of(response), sort_keys=True))


@answer_mutant("reserialised_json", SIGNATURE)
def signs_the_object_and_sends_pretty_json(request: Request, response: Response) -> Answer:
    return signed_over(response, response.body, json.dumps(members_of(response), indent=2).encode())


@answer_mutant("blank_after_colon", SIGNATURE, protocols=BOTH)
def signs_with_blanks(request: Request, response: Response) -> Answer:
    """Python's json.dumps, once with separators and once without."""
    return signed_over(response, json.dumps(members_of(response)).encode())


@answer_mutant("blank_after_colon", SIGNATURE)
def sends_with_blanks(request: Request, response: Response) -> Answer:
    return signed_over(response, response.body, json.dumps(members_of(response)).encode())


@answer_mutant("escaped_text", SIGNATURE)
def signs_raw_chinese_sends_escapes(request: Request, response: Response) -> Answer:
    members = {**members_of(response), "resultMsg": "成功"}
    return signed_over(response, compact(members, ensure_ascii=False), compact(members))


@answer_mutant("trailing_newline", SIGNATURE, protocols=BOTH)
def sends_a_newline_more(request: Request, response: Response) -> Answer:
    return signed_over(response, response.body, response.body + b"\n")


@answer_mutant("trailing_newline", SIGNATURE)
def signs_a_newline_more(request: Request, response: Response) -> Answer:
    return signed_over(response, response.body + b"\n")


@answer_mutant("trailing_newline", SIGNATURE)
def sends_a_windows_line_end_more(request: Request, response: Response) -> Answer:
    return signed_over(response, response.body, response.body + b"\r\n")


@answer_mutant("signs_request", SIGNATURE)
def signs_the_request(request: Request, response: Response) -> Answer:
    return signed_over(response, request.body)


@answer_mutant("constant_signature", SIGNATURE)
def always_the_same_signature(request: Request, response: Response) -> Answer:
    return signed_over(response, b"a body that never comes")


def _signature_mutant(diagnosis: str, name: str, sign: Callable[[bytes], str], protocols: tuple[str, ...] = (V2,)):
    def rewrite(request: Request, response: Response) -> Answer:
        return with_value(response, spelled(sign(response.body)))

    rewrite.__name__ = name
    answer_mutant(diagnosis, SIGNATURE, protocols=protocols)(rewrite)


def _hmac(body: bytes) -> bytes:
    return hmac_sha256(KEY, body)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_signature_mutant("answer_plain_sha256", "plain_digest", lambda body: _base64(hashlib.sha256(body).digest()), BOTH)
_signature_mutant("answer_plain_sha256", "plain_digest_in_hex", lambda body: hashlib.sha256(body).hexdigest())
_signature_mutant(
    "answer_plain_sha256", "digest_of_key_and_body", lambda b: _base64(hashlib.sha256(KEY.encode() + b).digest())
)
_signature_mutant("answer_hex", "hex_instead_of_base64", lambda body: _hmac(body).hex(), BOTH)
_signature_mutant("answer_hex", "upper_hex_instead_of_base64", lambda body: _hmac(body).hex().upper())
_signature_mutant("answer_base64_of_hex", "base64_of_hex", lambda body: _base64(_hmac(body).hex().encode()))
_signature_mutant("answer_other_digest", "sha1", lambda body: _base64(hmac.digest(KEY.encode(), body, "sha1")))
_signature_mutant("answer_other_digest", "sha512", lambda body: _base64(hmac.digest(KEY.encode(), body, "sha512")))
_signature_mutant("answer_key_in_text", "key_in_front_of_the_body", lambda body: _base64(_hmac(KEY.encode() + body)))
_signature_mutant(
    "answer_swapped", "key_and_message_swapped", lambda body: _base64(hmac.digest(body, KEY.encode(), "sha256"))
)
_signature_mutant(
    "answer_base64_key",
    "key_decoded_as_base64",
    lambda body: _base64(hmac.digest(base64.b64decode(KEY), body, "sha256")),
)
_signature_mutant(
    "answer_base64_key", "key_decoded_as_hex", lambda body: _base64(hmac.digest(bytes.fromhex(KEY), body, "sha256"))
)
_signature_mutant(
    "answer_url_safe", "url_safe_alphabet", lambda body: base64.urlsafe_b64encode(_hmac(body)).decode(), BOTH
)
_signature_mutant("answer_url_safe", "padding_missing", lambda body: _base64(_hmac(body)).rstrip("="))
_signature_mutant("signature_mismatch", "digest_backwards", lambda body: _base64(_hmac(body)[::-1]))


@mutant("unsigned_error", SIGNATURE, protocols=BOTH)
def unsigned_error(folder: Path, protocol: str) -> Answering:
    """The exception path is not the path that signs."""
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request, now, nonce):
        response = shop.respond(request, now, nonce)
        return response if members_of(response)["resultCode"] == "000000" else with_value(response, None)

    return answering


@mutant("signature_mismatch", SIGNATURE)
def answers_signed_with_another_key(folder: Path, protocol: str) -> Answering:
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request, now, nonce):
        response = shop.respond(request, now, nonce)
        return with_value(response, spelled(hmac_sha256_base64("another key", response.body)))

    return answering
